//! Reads the layers of live containers from Docker's layer store on disk.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::error::{Error, ErrorKind, in_words};
use crate::limit::{ANSWER_LIMIT, within};
use crate::liveness::layer_map::LayerMap;
use crate::path_text::shown;
use crate::plan::rules::check_id;

/// An id file holds one id.
const ID_LIMIT: u64 = 4096;
/// Shortest abbreviation of an id that daemons print and take.
pub(crate) const SHORT_ID: usize = 12;

/// The ids to keep for live containers: their own ids and those of their layers.
///
/// Docker's drivers overlay2, btrfs, zfs and fuse-overlayfs mount the root filesystem of a
/// container under another id, the id of a layer. The layer store names it in
/// `image/<driver>/layerdb/mounts/<container>/mount-id` and `init-id`. A container id may be
/// abbreviated to twelve or more characters. A root without a layer store (the containerd image
/// store) returns the given ids.
///
/// # Errors
///
/// [`ErrorKind::BadId`] if an id cannot be one; [`ErrorKind::Io`] or [`ErrorKind::Denied`] if
/// the layer store exists but cannot be read. A sweep must not run if it does not know what
/// lives.
pub fn live_ids<I>(root: &Path, containers: I) -> Result<BTreeSet<OsString>, Error>
where
    I: IntoIterator,
    I::Item: AsRef<OsStr>,
{
    let mut ids = BTreeSet::new();
    for id in containers {
        ids.insert(check_id(id.as_ref())?.to_os_string());
    }
    if ids.is_empty() {
        return Ok(ids);
    }
    let given = ids.clone();
    for driver in entries(&root.join("image"))? {
        let mounts = root.join("image").join(driver).join("layerdb/mounts");
        for container in entries(&mounts)? {
            if given.iter().any(|id| is_abbreviation(id, &container)) {
                ids.extend(layers(&mounts.join(container))?);
            }
        }
    }
    Ok(ids)
}

/// The layers of every container in Docker's layer store below a data root.
///
/// A root without a layer store gives an empty map. A store that exists but cannot be read is
/// noted in the map ([`LayerMap::unread_stores`]). Then a layer that the map does not know may
/// belong to any container that it does not know, or not as a whole ([`LayerMap::is_whole`]).
pub fn docker_layers(root: &Path) -> LayerMap {
    let asked = root.to_path_buf();
    // readdir(3) has no limit of time. At a server that is gone it may never end.
    let read = within(ANSWER_LIMIT, move || {
        let mut map = LayerMap::new();
        let result = read_stores(&asked, &mut map);
        (map, result)
    });
    let (mut map, result) = read.unwrap_or_else(|| {
        let error = Error::no_answer("readdir", root);
        (LayerMap::new(), Err(error))
    });
    if let Err(error) = result {
        // What was read before the error still counts. In doubt is what the map does not know.
        map.unread(in_words(&error));
    }
    map
}

fn read_stores(root: &Path, map: &mut LayerMap) -> Result<(), Error> {
    for driver in entries(&root.join("image"))? {
        let mounts = root.join("image").join(driver).join("layerdb/mounts");
        for container in entries(&mounts)? {
            match layers(&mounts.join(&container)) {
                Ok(layers) => {
                    // Also one that is just being made and has no layer yet.
                    map.add(&container, &container);
                    layers.iter().for_each(|layer| map.add(&container, layer));
                }
                // The others are still known.
                Err(error) => map.unread_layers(&container, in_words(&error)),
            }
        }
    }
    Ok(())
}

fn is_abbreviation(id: &OsStr, container: &OsStr) -> bool {
    id == container || (id.len() >= SHORT_ID && container.as_bytes().starts_with(id.as_bytes()))
}

/// The names in a directory. There are none if it does not exist.
fn entries(directory: &Path) -> Result<Vec<OsString>, Error> {
    let names = match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|e| e.file_name())).collect(),
        // No layer store (the containerd image store), or the container was removed meanwhile.
        Err(e) if is_missing(&e) => Ok(Vec::new()),
        Err(e) => Err(e),
    };
    names.map_err(|e| Error::call(format!("readdir({:?})", shown(directory)), directory, e))
}

/// The layer ids of one container. Its files may be missing if it is just being made.
fn layers(container: &Path) -> Result<Vec<OsString>, Error> {
    let mut ids = Vec::new();
    for name in ["mount-id", "init-id"] {
        let path = container.join(name);
        let mut text = Vec::new();
        match fs::File::open(&path).and_then(|f| f.take(ID_LIMIT).read_to_end(&mut text)) {
            Ok(_) => {}
            Err(e) if is_missing(&e) => continue,
            Err(e) => return Err(Error::call(format!("read({:?})", shown(&path)), &path, e)),
        }
        let id = OsString::from_vec(text.trim_ascii().to_vec());
        let named = check_id(&id).map(OsStr::to_os_string);
        ids.push(named.map_err(|e| {
            let text = format!("layer id in {:?}", shown(&path));
            Error::new(ErrorKind::BadId, text)
                .at(&path)
                .because(io::Error::other(e.to_string()))
        })?);
    }
    Ok(ids)
}

fn is_missing(error: &io::Error) -> bool {
    // ENOTDIR: a part of the path is a file, so this directory does not exist either.
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(root: &Path, container: &str, layer: &str) {
        let at = root.join("image/overlay2/layerdb/mounts").join(container);
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join("mount-id"), layer).unwrap();
        fs::write(at.join("init-id"), format!("{layer}-init")).unwrap();
    }

    #[test]
    fn a_layer_that_cannot_be_read_makes_its_container_doubtful_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        let containers = ["a", "b", "c"].map(|digit| digit.repeat(64));
        for (at, container) in containers.iter().enumerate() {
            store(root.path(), container, &format!("layer{at}"));
        }
        let stored = root.path().join("image/overlay2/layerdb/mounts");
        for (container, name) in [(&containers[0], "mount-id"), (&containers[1], "init-id")] {
            let file = stored.join(container).join(name);
            fs::remove_file(&file).unwrap();
            // It can be opened and not read.
            fs::create_dir(&file).unwrap();
        }
        let map = docker_layers(root.path());
        let whole = containers.each_ref().map(|id| map.is_whole(OsStr::new(id)));
        assert_eq!(whole, [false, false, true]);
        let owner = map.container_of(OsStr::new("layer2-init"));
        assert_eq!(owner, Some(OsStr::new(&containers[2])));
        assert_eq!(map.unread_stores().len(), 2, "{:?}", map.unread_stores());
    }

    #[test]
    fn layers_of_live_containers_are_found() {
        let root = tempfile::tempdir().unwrap();
        let (one, two) = ("a".repeat(64), "b".repeat(64));
        store(root.path(), &one, "layer1");
        store(root.path(), &two, "layer2");
        fs::write(
            root.path()
                .join("image/overlay2/layerdb/mounts")
                .join(&two)
                .join("mount-id"),
            "layer2\n",
        )
        .unwrap();
        let want = |ids: &[&str]| ids.iter().map(OsString::from).collect::<BTreeSet<_>>();
        assert_eq!(
            live_ids(root.path(), [&two]).unwrap(),
            want(&[&two, "layer2", "layer2-init"])
        );
        assert_eq!(
            live_ids(root.path(), [&one[..12]]).unwrap(),
            want(&[&one[..12], "layer1", "layer1-init"])
        );
        assert_eq!(live_ids(root.path(), ["aaa"]).unwrap(), want(&["aaa"]));
        assert_eq!(
            live_ids(Path::new("/no/such"), [&one]).unwrap(),
            want(&[&one])
        );
        assert!(
            live_ids(root.path(), Vec::<OsString>::new())
                .unwrap()
                .is_empty()
        );
        // A store that cannot be understood is no reason to sweep.
        store(root.path(), &one, "../..");
        assert_eq!(
            live_ids(root.path(), [&one]).unwrap_err().kind(),
            ErrorKind::BadId
        );
        assert_eq!(
            live_ids(root.path(), ["x/y"]).unwrap_err().kind(),
            ErrorKind::BadId
        );
    }
}

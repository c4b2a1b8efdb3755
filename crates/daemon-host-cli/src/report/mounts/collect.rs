//! Counts mounts for the report, and looks at them on request.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use daemon_host::mountscan::{Device, MountTable, Propagation};
use daemon_host::{ANSWER_LIMIT, within};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use super::facts::{Mounts, Repeated, Unlooked};
use super::findings::{COPIED, REPEATED, STACKED};
use super::probe::{Which, probe};
use crate::place;
use crate::report::openmetrics::label;

/// Mounts of these types show the kernel's own things, many times each.
const UNCOUNTED: [&str; 4] = ["nsfs", "proc", "sysfs", "cgroup2"];

/// Parts of file systems, by device and root.
type Parts = HashMap<(Device, PathBuf), Part>;

struct Part {
    /// The mount point of the first mount that shows it.
    first: PathBuf,
    fs_type: String,
    /// How many mounts show it.
    count: usize,
}

pub(in crate::report) fn collect(
    table: &MountTable,
    data_root: Option<&Path>,
    which: Option<Which>,
) -> Mounts {
    let mut by_type = BTreeMap::new();
    let mut points: HashMap<PathBuf, usize> = HashMap::new();
    let mut parts = Parts::new();
    for row in table.rows() {
        *by_type.entry(label(&row.fs_type())).or_default() += 1;
        *points.entry(row.mount_point().into_owned()).or_default() += 1;
        if !UNCOUNTED.iter().any(|name| row.has_fs_type(name)) {
            let part = (row.device(), row.root().into_owned());
            let first = || Part {
                first: row.mount_point().into_owned(),
                fs_type: label(&row.fs_type()),
                count: 0,
            };
            parts.entry(part).or_insert_with(first).count += 1;
        }
    }
    let mut stacks: Vec<_> = points.into_iter().filter(|(_, n)| *n >= STACKED).collect();
    stacks.sort();
    let repeated = repeated(&parts);
    // A stack of one file system is reported once.
    let is_stack = |point: &PathBuf| stacks.iter().any(|(stacked, _)| stacked == point);
    let is_copied = |part: &Part| part.count >= COPIED && !is_stack(&part.first);
    let copies = parts.into_values().filter(is_copied);
    let mut copies: Vec<_> = copies.map(|part| (part.first, part.count)).collect();
    copies.sort();
    let root = table.topmost(Path::new("/")).map(|row| row.propagation());
    let covered = data_root.map(|root| covered_data(table, root));
    let (covered_data, covered_unread) = covered.unwrap_or_default();
    Mounts {
        count: table.len(),
        malformed: table.malformed_count(),
        by_type,
        stacks,
        copies,
        repeated,
        max: mount_max(),
        root_is_private: root.map(|p| matches!(p, Propagation::Private)),
        covered_data,
        covered_unread,
        probed: which.map(|which| probe(table, which)),
    }
}

/// The parts that have several mounts, by their first mount.
fn repeated(parts: &Parts) -> Vec<Repeated> {
    let several = parts.iter().filter(|(_, part)| part.count >= REPEATED);
    let repeated = several.map(|((device, root), part)| Repeated {
        first: part.first.clone(),
        device: *device,
        root: root.clone(),
        fs_type: part.fs_type.clone(),
        count: part.count,
    });
    let mut repeated: Vec<_> = repeated.collect();
    repeated.sort_by(|a, b| a.first.cmp(&b.first));
    repeated
}

/// Directories of the data root that should have a mount, have none, and contain files. The text
/// says why not all of them could be looked at.
fn covered_data(table: &MountTable, data_root: &Path) -> (Vec<PathBuf>, Option<Unlooked>) {
    let root = data_root.to_owned();
    let failed = |error| {
        let remedy = "start the server of the mount that it is on, or detach that mount";
        let why = format!("{data_root:?}: {error}");
        (
            Vec::new(),
            Some(Unlooked::new(why, Some(remedy.to_owned()))),
        )
    };
    let (found, mut unread) =
        within(ANSWER_LIMIT, move || places_of_mounts(&root)).unwrap_or_else(failed);
    // A mount there must not be entered. So only a directory without a mount is opened.
    let unmounted = found.into_iter().filter(|path| !table.is_mount_point(path));
    let unmounted: Vec<PathBuf> = unmounted.collect();
    let look = move || {
        let mut full = Vec::new();
        for path in unmounted {
            match entries(&path) {
                Ok(found) if found.is_empty() => {}
                Ok(_) => full.push(path),
                Err(error) => Unlooked::add(&mut unread, error),
            }
        }
        (full, unread)
    };
    within(ANSWER_LIMIT, look).unwrap_or_else(failed)
}

/// The directories at which containers and volumes have their mounts. The text says why some may be
/// missing.
fn places_of_mounts(root: &Path) -> (Vec<PathBuf>, Option<Unlooked>) {
    let (mut found, mut unread) = (Vec::new(), None);
    let mut list = |directory: PathBuf| {
        entries(&directory).unwrap_or_else(|error| {
            Unlooked::add(&mut unread, error);
            Vec::new()
        })
    };
    for store in ["overlay2", "overlay", "fuse-overlayfs"] {
        let layers = list(root.join(store)).into_iter();
        found.extend(layers.map(|layer| layer.join("merged")));
    }
    // A volume with options is mounted while it is in use.
    for volume in list(root.join("volumes")) {
        let options = volume.join("opts.json");
        match fs::metadata(&options) {
            Ok(_) => found.push(volume.join("_data")),
            Err(error) if is_missing(&error) => {}
            Err(error) => Unlooked::add(&mut unread, unlooked("stat", &options, error)),
        }
    }
    (found, unread)
}

/// What is in a directory. A directory that is not there is empty.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Unlooked> {
    let failed = |error| unlooked("readdir", directory, error);
    let all = match fs::read_dir(directory) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        all => all.map_err(failed)?,
    };
    all.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

fn unlooked(call: &str, path: &Path, error: io::Error) -> Unlooked {
    let why = format!("{call}({path:?}): {error}");
    Unlooked::new(why, place::remedy(&error))
}

/// A name that is not there, or that is a file.
fn is_missing(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    kinds.contains(&error.kind())
}

/// How many mounts a namespace may have. Containers have a mount of procfs there, so only the file
/// system is checked.
fn mount_max() -> Option<u64> {
    let mut file = fs::File::open("/proc/sys/fs/mount-max").ok()?;
    let is_procfs = fstatfs(&file).ok()?.filesystem_type() == PROC_SUPER_MAGIC;
    let mut text = String::new();
    file.read_to_string(&mut text).ok().filter(|_| is_procfs)?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_looked_at_is_said() {
        let root = tempfile::tempdir().unwrap();
        let table = MountTable::from_bytes("1 0 0:1 / / rw - t s rw\n");
        let look = || covered_data(&table, root.path());
        assert_eq!(look(), (Vec::new(), None), "nothing is there");
        let merged = root.path().join("overlay2/l1/merged");
        fs::create_dir_all(&merged).unwrap();
        fs::write(root.path().join("overlay2/file"), "").unwrap();
        assert_eq!(look(), (Vec::new(), None), "an empty directory, and a file");
        fs::write(merged.join("file"), "").unwrap();
        assert_eq!(look(), (vec![merged.clone()], None));
        // A link to itself can be read by nobody, not even by root.
        let other = root.path().join("overlay2/l2");
        fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink("merged", other.join("merged")).unwrap();
        let (found, why) = look();
        assert_eq!(found, [merged]);
        let why = why.unwrap();
        assert!(why.to_string().ends_with("(os error 40)"), "{why}");
        assert!(why.to_string().contains("l2/merged"), "{why}");
        assert_eq!(why.remedy, None, "root cannot read it either");
        // The first is named, and the others are counted.
        std::os::unix::fs::symlink("overlay", root.path().join("overlay")).unwrap();
        let why = look().1.unwrap().to_string();
        assert!(
            why.contains("overlay\")") && why.ends_with(", and 1 more"),
            "{why}"
        );
        fs::remove_file(root.path().join("overlay")).unwrap();
        std::os::unix::fs::symlink("volumes", root.path().join("volumes")).unwrap();
        fs::remove_dir_all(other).unwrap();
        let (found, why) = look();
        assert_eq!(found, [root.path().join("overlay2/l1/merged")]);
        assert!(why.unwrap().to_string().contains("volumes"));
    }
}

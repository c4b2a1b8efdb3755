//! Finds the mounts that concern a directory, in all namespaces.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::holders::everywhere::listed::{MountNamespace, Namespaces};
use crate::holders::options::HoldersOptions;
use crate::holders::processes::member::Member;
use crate::holders::uses::layer_paths::below_root_of;
use crate::holders::uses::layers::{Placed, keep_unplaced, layers, place as place_layers};
use crate::ids::Device;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;

/// A mount that concerns a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryMount {
    /// The mount.
    pub mount: MountInfo,
    /// Inode number of the namespace in which the mount is.
    pub namespace: u64,
    /// Whether that is the namespace of the calling thread.
    pub is_own: bool,
    /// How it concerns the directory.
    pub how: DirectoryUse,
}

/// How a mount concerns a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryUse {
    /// It is mounted at the directory or below.
    Below,
    /// It is mounted elsewhere, and shows the directory or a part of it.
    Bind,
    /// It is an overlay that is mounted elsewhere. This path, one of its layers or its work
    /// directory, is in the directory.
    Layer(PathBuf),
}

/// The mounts that concern a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryMounts {
    /// Whether it is known on which file system the directory is. If not, no mount could be
    /// compared with it, and `mounts` is empty for that reason. This happens if the own mount
    /// namespace is not among those that were read.
    pub is_place_known: bool,
    /// The mounts, by namespace.
    pub mounts: Vec<DirectoryMount>,
    /// Overlays of which a layer could not be found: nobody knows where its relative path begins,
    /// or its path leads nowhere any more, or through a file system that may wait. The layer may be
    /// in the directory. Each overlay is here once, in whatever namespaces it is mounted.
    pub unplaced: Vec<MountInfo>,
}

/// The mounts at a directory and below it, and the mounts elsewhere that show it or have layers in
/// it.
///
/// A mount of another namespace counts if the directory is on the same file system there. If
/// another disk is mounted there, `/var/lib/x` is another directory. The path must be without
/// links: see [`resolve`](crate::resolve).
///
/// Links in the path of a layer are resolved in the namespace of the overlay. A file system that
/// may wait for a server is never asked. A layer that was renamed is not found if another directory
/// has its path now.
///
/// # Errors
///
/// When procfs cannot be opened.
pub fn directory_mounts(
    namespaces: &Namespaces,
    directory: &Path,
    options: &HoldersOptions,
) -> Result<DirectoryMounts, Error> {
    let proc = &options.proc.open()?;
    let Some(mut search) = Search::new(namespaces, directory) else {
        return Ok(DirectoryMounts::default());
    };
    for space in &namespaces.namespaces {
        let processes = space.processes.iter();
        let processes = processes.map(|process| Member::whole(process.pid, process.thread));
        let processes = processes.map(|member| member.directory());
        // The root of another user's process is closed to us. Ours may show the same.
        let own = space.is_own.then(|| "thread-self".to_owned());
        let directories = processes.chain(own).collect();
        let mut paths = below_root_of(proc, &space.table, space.root.as_deref(), directories);
        search.look_at(space, |row, path| paths.find_of(row, path));
    }
    Ok(search.answer())
}

/// What has been found so far.
struct Search<'d> {
    directory: &'d Path,
    /// Where the directory is.
    device: Device,
    root: PathBuf,
    found: DirectoryMounts,
    /// Overlays whose layers have been found.
    placed: HashSet<Device>,
}

impl<'d> Search<'d> {
    fn new(namespaces: &Namespaces, directory: &'d Path) -> Option<Self> {
        let own = namespaces.namespaces.iter().find(|space| space.is_own)?;
        let (device, root) = place(own, directory)?;
        Some(Self {
            directory,
            device,
            root,
            found: DirectoryMounts {
                is_place_known: true,
                ..DirectoryMounts::default()
            },
            placed: HashSet::new(),
        })
    }

    /// Looks at the mounts of a namespace. `find` gives the directory to which the path of a layer
    /// of an overlay leads there.
    fn look_at<'t>(
        &mut self,
        space: &'t MountNamespace,
        mut find: impl FnMut(Row<'t>, &Path) -> Option<PathBuf>,
    ) {
        let same = |(other, at): (Device, PathBuf)| other == self.device && at == self.root;
        let has_it = place(space, self.directory).is_some_and(same);
        for row in space.table.rows() {
            let how = self.use_of(&row, has_it);
            let how = how.or_else(|| self.layer_of(&row, space, has_it, |path| find(row, path)));
            if let Some(how) = how {
                self.found.mounts.push(DirectoryMount {
                    mount: row.into(),
                    namespace: space.inode,
                    is_own: space.is_own,
                    how,
                });
            }
        }
    }

    fn use_of(&self, row: &Row<'_>, has_it: bool) -> Option<DirectoryUse> {
        if has_it && row.mount_point().starts_with(self.directory) {
            return Some(DirectoryUse::Below);
        }
        let shows = row.device() == self.device && row.root().starts_with(&self.root);
        shows.then_some(DirectoryUse::Bind)
    }

    /// Whether it is an overlay that has a layer in the directory.
    fn layer_of(
        &mut self,
        row: &Row<'_>,
        space: &MountNamespace,
        has_it: bool,
        find: impl FnMut(&Path) -> Option<PathBuf>,
    ) -> Option<DirectoryUse> {
        if !row.has_fs_type("overlay") {
            return None;
        }
        let is_there = |path: &Path| {
            let inside = |(device, at): (Device, PathBuf)| {
                device == self.device && at.starts_with(&self.root)
            };
            (has_it && path.starts_with(self.directory)) || place(space, path).is_some_and(inside)
        };
        match place_layers(layers(*row), find, is_there) {
            Placed::There(layer) => {
                self.placed.insert(row.device());
                Some(DirectoryUse::Layer(layer))
            }
            Placed::Elsewhere => {
                self.placed.insert(row.device());
                None
            }
            Placed::Unknown => {
                self.found.unplaced.push((*row).into());
                None
            }
        }
    }

    fn answer(mut self) -> DirectoryMounts {
        keep_unplaced(&mut self.found.unplaced, &self.placed);
        self.found
    }
}

/// Where a directory is: the device of its file system, and its path in that file system. A mount
/// at the directory itself covers the directory and does not count.
fn place(space: &MountNamespace, directory: &Path) -> Option<(Device, PathBuf)> {
    let on = match directory.parent() {
        Some(parent) => space.table.mount_of(parent)?,
        None => space.table.mount_of(directory)?,
    };
    let inside = directory.strip_prefix(on.mount_point()).ok()?;
    Some((on.device(), on.root().join(inside)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::mount_table::MountTable;

    fn space(inode: u64, is_own: bool, text: &str) -> MountNamespace {
        MountNamespace {
            inode,
            namespace_id: None,
            is_own,
            table: MountTable::from_bytes(text),
            processes: Vec::new(),
            kept_by: Vec::new(),
            root: None,
        }
    }

    #[test]
    fn without_the_own_namespace_nothing_is_known() {
        let other = space(2, false, "1 0 8:1 / /data/x rw - ext4 /dev/sda1 rw\n");
        for namespaces in [vec![], vec![other], vec![space(1, true, "")]] {
            let namespaces = Namespaces {
                namespaces,
                ..Namespaces::default()
            };
            let options = HoldersOptions::new();
            let found = directory_mounts(&namespaces, Path::new("/data/x"), &options).unwrap();
            assert!(!found.is_place_known);
        }
    }

    #[test]
    fn mounts_below_binds_and_layers_count_and_other_disks_do_not() {
        let own = r"1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:2 / /data rw - ext4 /dev/sdb rw
3 2 0:5 / /data/x/sub rw - nfs4 srv:/a rw
4 1 8:2 /x/part /elsewhere rw - ext4 /dev/sdb rw
5 1 0:6 / /m rw - overlay o rw,lowerdir=/usr,upperdir=/data/x/up,workdir=/data/w
6 1 0:7 / /n rw - overlay o rw,lowerdir=/data/xy
7 1 8:2 /xy /other rw - ext4 /dev/sdb rw
8 1 0:11 / /p rw - overlay o rw,lowerdir=/usr:/l/A
9 1 0:12 / /q rw - overlay o rw,lowerdir=a:b
";
        let copy = "11 0 8:1 / / rw - ext4 /dev/sda1 rw\n12 11 8:2 / /data rw - ext4 /dev/sdb rw\n\
            13 12 0:5 / /data/x/sub rw - nfs4 srv:/a rw\n";
        let disk = "21 0 8:9 / / rw - ext4 /dev/sdz rw\n22 21 0:9 / /data/x/sub rw - tmpfs t rw\n\
            23 21 0:8 / /o rw - overlay o rw,upperdir=/data/x/up\n";
        let container = "31 0 0:7 / / rw - overlay o rw,lowerdir=/data/xy\n\
            32 31 0:13 / /r rw - overlay o rw,lowerdir=/a\n33 31 0:13 / /s rw - overlay o rw,lowerdir=/a\n";
        let namespaces = Namespaces {
            namespaces: vec![
                space(1, true, own),
                space(2, false, copy),
                space(3, false, disk),
                space(4, false, container),
            ],
            ..Namespaces::default()
        };
        let mut search = Search::new(&namespaces, Path::new("/data/x")).unwrap();
        for space in &namespaces.namespaces {
            // A container's own overlay: its layers are at paths of the host.
            search.look_at(space, |_, path| match path.to_str()? {
                "/l/A" => Some("/elsewhere/diff".into()),
                _ => (path.is_absolute() && space.inode != 4).then(|| path.to_owned()),
            });
        }
        let found = search.answer();
        assert!(found.is_place_known);
        let unplaced: Vec<_> = found.unplaced.iter().map(|m| m.mount_id.0).collect();
        assert_eq!(unplaced, [9, 32]);
        let found: Vec<_> = found
            .mounts
            .into_iter()
            .map(|found| (found.mount.mount_id.0, found.is_own, found.how))
            .collect();
        let want = [
            (3, true, DirectoryUse::Below),
            (4, true, DirectoryUse::Bind),
            (5, true, DirectoryUse::Layer("/data/x/up".into())),
            (8, true, DirectoryUse::Layer("/l/A".into())),
            (13, false, DirectoryUse::Below),
        ];
        assert_eq!(found, want);
    }
}

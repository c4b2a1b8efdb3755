//! Finds the mounts that concern a directory, in all namespaces. Pure.

use std::path::{Path, PathBuf};

use crate::holders::everywhere::listed::{MountNamespace, Namespaces};
use crate::holders::uses::layers::layers;
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

/// The mounts at a directory and below it, and the mounts elsewhere that show it or have layers in
/// it.
///
/// A mount of another namespace counts if the directory is on the same file system there. If
/// another disk is mounted there, `/var/lib/x` is another directory. The path must be without
/// links: see [`resolve`](crate::resolve).
pub fn directory_mounts(namespaces: &Namespaces, directory: &Path) -> Vec<DirectoryMount> {
    let spaces = &namespaces.namespaces;
    let own = spaces.iter().find(|space| space.is_own);
    let Some((device, root)) = own.and_then(|own| place(own, directory)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for space in spaces {
        let same = |(other, at): (Device, PathBuf)| other == device && at == root;
        let has_it = place(space, directory).is_some_and(same);
        for row in space.table.rows() {
            if let Some(how) = use_of(&row, directory, has_it, (device, &root)) {
                found.push(DirectoryMount {
                    mount: row.into(),
                    namespace: space.inode,
                    is_own: space.is_own,
                    how,
                });
            }
        }
    }
    found
}

fn use_of(
    row: &Row<'_>,
    directory: &Path,
    has_it: bool,
    (device, root): (Device, &Path),
) -> Option<DirectoryUse> {
    if has_it && row.mount_point().starts_with(directory) {
        return Some(DirectoryUse::Below);
    }
    if row.device() == device && row.root().starts_with(root) {
        return Some(DirectoryUse::Bind);
    }
    // The option has the path as whoever mounted the overlay saw it.
    let mut layers = row
        .has_fs_type("overlay")
        .then(|| layers(*row))?
        .into_iter();
    let layer = layers.find(|layer| has_it && layer.starts_with(directory))?;
    Some(DirectoryUse::Layer(layer))
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
";
        let copy = "11 0 8:1 / / rw - ext4 /dev/sda1 rw\n12 11 8:2 / /data rw - ext4 /dev/sdb rw\n\
            13 12 0:5 / /data/x/sub rw - nfs4 srv:/a rw\n";
        let disk = "21 0 8:9 / / rw - ext4 /dev/sdz rw\n22 21 0:9 / /data/x/sub rw - tmpfs t rw\n\
            23 21 0:8 / /o rw - overlay o rw,upperdir=/data/x/up\n";
        let namespaces = Namespaces {
            namespaces: vec![
                space(1, true, own),
                space(2, false, copy),
                space(3, false, disk),
            ],
            ..Namespaces::default()
        };
        let found = directory_mounts(&namespaces, Path::new("/data/x"));
        let found: Vec<_> = found
            .into_iter()
            .map(|found| (found.mount.mount_id.0, found.is_own, found.how))
            .collect();
        let want = [
            (3, true, DirectoryUse::Below),
            (4, true, DirectoryUse::Bind),
            (5, true, DirectoryUse::Layer("/data/x/up".into())),
            (13, false, DirectoryUse::Below),
        ];
        assert_eq!(found, want);
    }
}

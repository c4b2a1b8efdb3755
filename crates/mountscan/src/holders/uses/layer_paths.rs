//! Finds where the layers of overlays are. The options of an overlay have their paths as somebody
//! wrote them, with links.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, StatxFlags, openat, openat2, readlinkat};
use rustix::io::Errno;

use crate::holders::uses::layers::layers;
use crate::ids::{Device, MountId};
use crate::kernel::identity::{identity_at, look as stat};
use crate::kernel::procfs::ProcDir;
use crate::row::borrowed::Row;
use crate::table::mount_table::MountTable;

/// How many links one path may lead through. The kernel has the same limit.
const LINKS: usize = 40;
/// How many overlays may lie on one another. The kernel allows two.
const DEPTH: usize = 3;
/// File systems that answer without a server. Any other one may let a look-up wait for ever, so it
/// is never asked.
const LOCAL: [&str; 20] = [
    "bcachefs", "btrfs", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfsplus",
    "iso9660", "jfs", "nilfs2", "ramfs", "rootfs", "squashfs", "tmpfs", "vfat", "xfs", "zfs",
];

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A directory: its inode, and the mount it is on, if the kernel says that.
    Directory(u64, Option<MountId>),
    /// The root of a mount. It was not asked.
    Root,
    Link(PathBuf),
}

/// Finds where paths lead in one mount namespace. Each directory is looked at once.
pub(crate) struct LayerPaths<'t, L> {
    pub(super) table: &'t MountTable,
    pub(super) look: L,
    known: HashMap<PathBuf, Option<Entry>>,
    /// Where the relative paths of overlays begin.
    pub(super) bases: HashMap<Device, Option<PathBuf>>,
}

/// Finds paths below the root directory that a table is seen from. Some process of the namespace
/// has that root directory, and each of `directories` is the one of a process there.
pub(crate) fn below_root_of<'t>(
    proc: &ProcDir,
    table: &'t MountTable,
    root: Option<&Path>,
    directories: Vec<String>,
) -> LayerPaths<'t, impl FnMut(&Path) -> Option<Entry> + use<'t>> {
    let top = table.mount_of(Path::new("/"));
    let top = top.filter(|&top| is_local(table, top, DEPTH));
    let open = |directory: String| {
        let link = format!("{directory}/root");
        // Processes of one namespace can have different root directories. The text is compared
        // first, because to follow a link may wait for a server.
        proc.link(&link).ok().filter(|text| Some(&**text) == root)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let file = proc.follow(link, flags).ok()?;
        // One mount may lie over another at the same path. A kernel before 5.8 does not say.
        let id = identity_at(&file, Path::new(""))
            .ok()
            .and_then(|seen| seen.mount_id);
        let is_it = |top: Row<'_>| id.is_none_or(|id| id == top.mount_id());
        top.is_some_and(is_it).then_some(file)
    };
    let mut directories = directories.into_iter().filter(|_| top.is_some());
    let root: Option<OwnedFd> = directories.find_map(open);
    LayerPaths::new(table, move |path| look(root.as_ref()?, path))
}

impl<'t, L: FnMut(&Path) -> Option<Entry>> LayerPaths<'t, L> {
    pub(crate) fn new(table: &'t MountTable, look: L) -> Self {
        Self {
            table,
            look,
            known: HashMap::new(),
            bases: HashMap::new(),
        }
    }

    /// The directory to which a path leads, without links. `None` if that is not known: the path is
    /// relative, nothing is there any more, or it leads through a file system that may wait.
    pub(super) fn find(&mut self, path: &Path) -> Option<PathBuf> {
        if !path.is_absolute() {
            return None;
        }
        let mut at = PathBuf::from("/");
        let mut todo = reversed(path);
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            match self.entry(&at, &part)? {
                Entry::Directory(..) | Entry::Root => at.push(&part),
                Entry::Link(target) => {
                    links += 1;
                    if links > LINKS {
                        return None;
                    }
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    todo.extend(reversed(&target));
                }
            }
        }
        Some(at)
    }

    /// What has this name in a directory that has been found.
    fn entry(&mut self, at: &Path, name: &OsStr) -> Option<Entry> {
        let path = at.join(name);
        if let Some(known) = self.known.get(&path) {
            return known.clone();
        }
        let on = self.table.mount_of(at);
        let entry = match on.is_some_and(|on| is_local(self.table, on, DEPTH)) {
            // The root of a mount is no link, and the mount is not asked.
            true if self.table.is_mount_point(&path) => Some(Entry::Root),
            true => (self.look)(&path),
            false => None,
        };
        self.known.insert(path, entry.clone());
        entry
    }
}

/// The parts of a path, the last one first.
fn reversed(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    parts.collect()
}

/// Whether a file system answers without a server. An overlay asks the file systems of its layers.
fn is_local(table: &MountTable, row: Row<'_>, depth: usize) -> bool {
    if !row.has_fs_type("overlay") {
        return LOCAL.iter().any(|name| row.has_fs_type(name));
    }
    let is_layer_local = |layer: PathBuf| {
        let on = table.mount_of(&layer).filter(|_| depth > 0);
        on.is_some_and(|on| is_local(table, on, depth - 1))
    };
    layers(row).into_iter().all(is_layer_local)
}

/// Looks at a path whose directories are no links.
fn look(root: &OwnedFd, path: &Path) -> Option<Entry> {
    let inside = path.strip_prefix("/").ok()?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    let opened = rustix::io::retry_on_intr(|| openat2(root, inside, flags, Mode::empty(), within));
    let file = match opened {
        // An old kernel has no openat2, or a system call filter refuses it.
        Err(Errno::NOSYS | Errno::PERM) => openat(root, inside, flags, Mode::empty()),
        opened => opened,
    };
    let file = file.ok()?;
    let wanted = StatxFlags::TYPE | StatxFlags::INO | StatxFlags::MNT_ID;
    let seen = stat(file.as_fd(), Path::new(""), wanted).ok()?;
    match FileType::from_raw_mode(seen.stx_mode.into()) {
        FileType::Directory => {
            let given = StatxFlags::from_bits_retain(seen.stx_mask).contains(StatxFlags::MNT_ID);
            let id = u32::try_from(seen.stx_mnt_id).ok().filter(|_| given);
            Some(Entry::Directory(seen.stx_ino, id.map(MountId)))
        }
        FileType::Symlink => {
            let target = readlinkat(&file, "", Vec::new()).ok()?;
            let target = OsString::from_vec(target.into_bytes());
            Some(Entry::Link(target.into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r"1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 0:5 / /remote rw - nfs4 srv:/ rw
3 2 8:2 / /remote/disk rw - ext4 /dev/sdb rw
4 1 0:6 / /far rw - overlay o rw,lowerdir=/remote/a:/usr
5 1 0:7 / /near rw - overlay o rw,lowerdir=/usr:/opt
6 1 0:8 / /lost rw - overlay o rw,lowerdir=a:b
";

    #[track_caller]
    fn leads(path: &str, want: Option<&str>) {
        let table = MountTable::from_bytes(TABLE);
        let look = |path: &Path| {
            assert!(!path.starts_with("/remote"), "{path:?} may wait");
            assert!(!path.starts_with("/far"), "{path:?} may wait");
            let target = match path.to_str()? {
                "/l" => "data/links",
                "/data/links/A" => "../a/diff",
                "/up" => "/data/../l/A",
                "/round" => "round",
                "/out" => "../../data",
                "/gone" | "/a" => return None,
                _ => return Some(Entry::Directory(1, None)),
            };
            Some(Entry::Link(target.into()))
        };
        let mut paths = LayerPaths::new(&table, look);
        for _ in 0..2 {
            assert_eq!(paths.find(Path::new(path)).as_deref(), want.map(Path::new));
        }
    }

    #[test]
    fn links_in_any_part_are_followed_as_the_kernel_does() {
        leads("/usr", Some("/usr"));
        leads("/l/A", Some("/data/a/diff"));
        leads("/up/x", Some("/data/a/diff/x"));
        leads("/out", Some("/data"));
        leads("/near/x", Some("/near/x"));
    }

    #[test]
    fn what_cannot_be_found_is_not_guessed() {
        for path in ["a", "", "/gone", "/gone/x", "/round"] {
            leads(path, None);
        }
    }

    #[test]
    fn a_file_system_that_may_wait_is_not_asked() {
        // The mount itself is found without asking it.
        leads("/remote", Some("/remote"));
        leads("/far", Some("/far"));
        for path in ["/remote/a", "/remote/disk/a", "/far/a", "/lost/a"] {
            leads(path, None);
        }
    }
}

//! Which mount of a tree is held open for writing, and by whom.
//!
//! The kernel says only that some mount of the tree is busy. Trying each mount alone would tell, but a
//! try that succeeds makes a live mount read-only for a moment. So nothing is tried: the open files of all
//! processes are looked through for writers on a mount of the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags, openat2, statx};

/// A mount that cannot be made read-only now, since files on it are open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusyMount {
    /// Where it is mounted; for a detached tree, the path inside the tree, beginning with `/`.
    pub mount_point: PathBuf,
    /// The processes that have a file on it open for writing, as far as they could be seen, ascending.
    pub writers: Vec<u32>,
}

impl fmt::Display for BusyMount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} has files open for writing by process",
            self.mount_point
        )?;
        for (n, pid) in self.writers.iter().enumerate() {
            write!(f, "{}{pid}", if n == 0 { " " } else { ", " })?;
        }
        Ok(())
    }
}

/// Looks for the writers on `tree` and below. Best effort: what cannot be read is passed over.
pub(crate) fn find(proc_root: &Path, tree: BorrowedFd<'_>) -> Vec<BusyMount> {
    let Some(root) = mount_id(tree, Path::new("")) else {
        return Vec::new();
    };
    let table = fs::read(proc_root.join("thread-self/mountinfo")).unwrap_or_default();
    let rows = parse_rows(&table);
    let attached = rows.iter().any(|row| row.id == root);
    let below = subtree(&rows, root);
    let known: BTreeSet<u64> = rows.iter().map(|row| row.id).collect();
    let mut found: BTreeMap<PathBuf, BTreeSet<u32>> = BTreeMap::new();
    for writer in writers(proc_root) {
        let mount_point = if attached {
            below.get(&writer.mount).cloned()
        } else if known.contains(&writer.mount) {
            None
        } else {
            place_in_detached(tree, &writer)
        };
        if let Some(mount_point) = mount_point {
            found.entry(mount_point).or_default().insert(writer.pid);
        }
    }
    let busy = |(mount_point, pids): (_, BTreeSet<u32>)| BusyMount {
        mount_point,
        writers: pids.into_iter().collect(),
    };
    found.into_iter().map(busy).collect()
}

/// The three fields of a mountinfo line that are needed here.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    id: u64,
    parent: u64,
    mount_point: PathBuf,
}

fn parse_rows(table: &[u8]) -> Vec<Row> {
    table.split(|&b| b == b'\n').filter_map(parse_row).collect()
}

fn parse_row(line: &[u8]) -> Option<Row> {
    let mut fields = line.split(|&b| b == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let mount_point = unescape(fields.nth(2)?);
    Some(Row {
        id,
        parent,
        mount_point: PathBuf::from(OsString::from_vec(mount_point)),
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Undoes the kernel's `\ooo`.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        match rest {
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ] => {
                bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    bytes
}

/// The mounts from `root` down, by id. The kernel lists parents before children, but mounts can be moved
/// below younger ones, so it goes round until nothing is added.
fn subtree(rows: &[Row], root: u64) -> BTreeMap<u64, PathBuf> {
    let mut below: BTreeMap<u64, PathBuf> = BTreeMap::new();
    loop {
        let before = below.len();
        for row in rows {
            if row.id == root || below.contains_key(&row.parent) {
                below.insert(row.id, row.mount_point.clone());
            }
        }
        if below.len() == before {
            return below;
        }
    }
}

/// One descriptor, or one shared mapping, that can write to a regular file.
struct Writer {
    pid: u32,
    mount: u64,
    /// The link in /proc that leads to the file.
    link: PathBuf,
}

fn writers(proc_root: &Path) -> Vec<Writer> {
    let mut found = Vec::new();
    for pid in numbers_in(proc_root) {
        let process = proc_root.join(pid.to_string());
        for fd in numbers_in(&process.join("fdinfo")) {
            let info = fs::read(process.join(format!("fdinfo/{fd}"))).unwrap_or_default();
            let link = process.join(format!("fd/{fd}"));
            match writable_mount(&info) {
                Some(mount) if is_regular(&link) => found.push(Writer { pid, mount, link }),
                _ => {}
            }
        }
        found.extend(mapped_writers(pid, &process));
    }
    found
}

/// Files that are closed but still mapped shared and writable. Following the links needs
/// `CAP_CHECKPOINT_RESTORE`.
fn mapped_writers(pid: u32, process: &Path) -> Vec<Writer> {
    let maps = fs::read(process.join("maps")).unwrap_or_default();
    let mut found = Vec::new();
    for line in maps.split(|&b| b == b'\n') {
        let mut fields = line.splitn(3, |&b| b == b' ');
        let (Some(range), Some([_, b'w', _, b's'])) = (fields.next(), fields.next()) else {
            continue;
        };
        let link = process
            .join("map_files")
            .join(OsString::from_vec(range.to_vec()));
        match mount_id(CWD, &link) {
            Some(mount) if is_regular(&link) => found.push(Writer { pid, mount, link }),
            _ => {}
        }
    }
    found
}

fn numbers_in(directory: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// The mount id in a descriptor's fdinfo, if the descriptor is open for writing.
fn writable_mount(fdinfo: &[u8]) -> Option<u64> {
    let field = |name: &[u8]| {
        let line = fdinfo
            .split(|&b| b == b'\n')
            .find_map(|line| line.strip_prefix(name))?;
        std::str::from_utf8(line.trim_ascii()).ok()
    };
    let flags = OFlags::from_bits_retain(u32::from_str_radix(field(b"flags:")?, 8).ok()?);
    let writes = flags.intersects(OFlags::WRONLY | OFlags::RDWR) && !flags.contains(OFlags::PATH);
    writes.then(|| field(b"mnt_id:")?.parse().ok())?
}

/// Pipes, sockets and devices do not hold their mount.
fn is_regular(link: &Path) -> bool {
    fs::metadata(link).is_ok_and(|meta| meta.is_file())
}

fn mount_id(at: BorrowedFd<'_>, path: &Path) -> Option<u64> {
    let stat = statx(at, path, AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
    (stat.stx_mask & StatxFlags::MNT_ID.bits() != 0).then_some(stat.stx_mnt_id)
}

/// Where in a detached tree the writer's mount sits. No table lists such a tree, but the kernel gives the
/// file's path from the tree's root; the first step on it that lies on the writer's mount is the answer.
fn place_in_detached(tree: BorrowedFd<'_>, writer: &Writer) -> Option<PathBuf> {
    let path = fs::read_link(&writer.link).ok()?;
    let mut steps: Vec<&Path> = path.ancestors().collect();
    steps.reverse();
    // Absolute paths are resolved from the tree's root too.
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let on_the_mount = |step: &&Path| {
        openat2(tree, *step, flags, Mode::empty(), resolve)
            .is_ok_and(|at| mount_id(at.as_fd(), Path::new("")) == Some(writer.mount))
    };
    steps.into_iter().find(on_the_mount).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn rows_keep_odd_bytes_and_pass_over_odd_lines() {
        let table =
            b"28 1 8:1 / / rw - ext4 a rw\nnonsense\n30 28 0:5 / /a\\040b\\134\xff rw - t  rw\n";
        let rows = parse_rows(table);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[1].id, rows[1].parent), (30, 28));
        assert_eq!(rows[1].mount_point.as_os_str().as_bytes(), b"/a b\\\xff");
    }

    #[test]
    fn a_subtree_is_found_whatever_the_order() {
        let row = |id, parent, at: &str| Row {
            id,
            parent,
            mount_point: at.into(),
        };
        let rows = [
            row(9, 7, "/s/a/b"),
            row(1, 0, "/"),
            row(7, 5, "/s/a"),
            row(5, 1, "/s"),
            row(6, 1, "/t"),
        ];
        let below = subtree(&rows, 5);
        assert_eq!(below.keys().copied().collect::<Vec<_>>(), [5, 7, 9]);
        assert_eq!(subtree(&rows, 77).len(), 0);
    }

    #[test]
    fn only_writers_count() {
        assert_eq!(
            writable_mount(b"pos:\t0\nflags:\t0100002\nmnt_id:\t31\n"),
            Some(31)
        );
        assert_eq!(
            writable_mount(b"pos:\t0\nflags:\t0100001\nmnt_id:\t31\n"),
            Some(31)
        );
        assert_eq!(
            writable_mount(b"pos:\t0\nflags:\t0100000\nmnt_id:\t31\n"),
            None
        );
        assert_eq!(
            writable_mount(b"pos:\t0\nflags:\t010000002\nmnt_id:\t31\n"),
            None
        );
        assert_eq!(writable_mount(b""), None);
    }
}

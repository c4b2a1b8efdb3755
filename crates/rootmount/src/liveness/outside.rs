//! Asks whether processes that are not seen may live on the mounts of this namespace.
//!
//! A pid namespace hides the processes above it. That is no harm if they have other mounts. No call
//! says who is in a mount namespace, so the signs are asked that a container has.

use std::os::fd::AsFd as _;
use std::path::Path;

use mountscan::{Device, Extent, MountTable, Proc, ProcRoot, ProcessView, UniqueMountId};
use rustix::fs::{AtFlags, CWD, Statx, StatxFlags, statx};
use rustix::io::Errno;
use rustix::mount::{OpenTreeFlags, open_tree};

use crate::sys;

/// Inode number of the initial mount namespace (`MNT_NS_INIT_INO`, Linux 6.18). Older kernels have
/// no fixed number for it.
const INITIAL_MOUNT_NAMESPACE: &str = "mnt:[4026531832]";

/// Why processes outside of this pid namespace, or outside of this user namespace, may live on the
/// mounts below a root. `None` if they do not.
///
/// `table` is the caller's own.
pub(super) fn outsiders(
    root: &Path,
    table: &MountTable,
    view: &ProcessView,
    proc: &ProcRoot,
) -> Option<String> {
    if view.is_initial != Some(true) && !is_closed(root, table, proc) {
        let what = "this mount namespace may be shared with processes outside of this pid \
            namespace, which are not seen";
        return Some(what.to_owned());
    }
    if view.is_initial_user == Some(true) {
        return None;
    }
    unread_processes(view, proc).or_else(|| has_foreign(root))
}

/// Why processes that could not be looked into may live on the mounts. Who is root of a user
/// namespace only can look into no process outside of it.
fn unread_processes(view: &ProcessView, proc: &ProcRoot) -> Option<String> {
    let (unread, all) = (view.unreadable, view.processes);
    let why = match unread {
        0 => return None,
        _ if !is_ours(proc, "mnt") => "this mount namespace is that of a user namespace above",
        // Every process that is shown is inside, whoever it came from.
        _ if shows_our_own(proc) && is_ours(proc, "pid") => {
            "this pid namespace belongs to this user namespace"
        }
        _ => return None,
    };
    Some(format!(
        "{why}, and {unread} of {all} processes could not be looked into"
    ))
}

/// Whether all processes of this mount namespace are in the pid namespace that `/proc` shows, as
/// far as signs go.
fn is_closed(root: &Path, table: &MountTable, proc: &ProcRoot) -> bool {
    let own = proc.link("thread-self/ns/mnt");
    let is_other = own.is_ok_and(|own| own != Path::new(INITIAL_MOUNT_NAMESPACE));
    // In a user namespace, the procfs may be that of a pid namespace above the caller's.
    let is_known = shows_our_own(proc);
    let Some(device) = device_of(proc).filter(|_| is_other && is_known) else {
        return false;
    };
    let is_one_call = || Ids::read(proc).is_some_and(|ids| ids.are_of_one_call());
    is_of_container(device, table, is_our_procfs)
        || is_younger(device, table, proc)
        || (is_newer_than(device, root, table) && is_one_call())
}

/// Whether a procfs shows the caller's own pid namespace, and not one above. A process has one
/// number in each namespace from the one that is shown to its own.
fn shows_our_own(proc: &ProcRoot) -> bool {
    let status = proc.read("thread-self/status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.is_some_and(|numbers| numbers.split_ascii_whitespace().count() == 1)
}

/// The device of a procfs. Each mount of its kind that is not a copy has one of its own (Linux
/// 5.8).
fn device_of(proc: &ProcRoot) -> Option<Device> {
    let file = proc.file("thread-self/stat").ok()?;
    let seen = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::INO).ok()?;
    Some(device(&seen))
}

fn device(seen: &Statx) -> Device {
    Device {
        major: seen.stx_dev_major,
        minor: seen.stx_dev_minor,
    }
}

/// Whether this mount namespace is younger than the pid namespace. Then who came into it with the
/// call that made it is in the pid namespace.
///
/// The procfs of a pid namespace is younger than that. If process 1 has mounted it in another
/// namespace before the first mount of this namespace was made, this namespace is younger, too.
fn is_younger(procfs: Device, table: &MountTable, proc: &ProcRoot) -> bool {
    let first = table.rows().filter_map(|row| row.unique_id()).min();
    let root = proc.path_through("1/root");
    let theirs = root.ok().and_then(|root| place_of(&root.join("proc")));
    let Some((first, (device, theirs))) = first.zip(theirs) else {
        return false;
    };
    device == procfs && theirs < first
}

/// The device of a directory, and the id of the mount that it is on.
fn place_of(path: &Path) -> Option<(Device, UniqueMountId)> {
    let identity = mountscan::identity_at(CWD, path).ok()?;
    let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
    let seen = statx(CWD, path, flags, StatxFlags::INO).ok()?;
    Some((device(&seen), identity.unique_id?))
}

/// Whether every mount below a root was made after the procfs of this pid namespace was mounted.
fn is_newer_than(procfs: Device, root: &Path, table: &MountTable) -> bool {
    let of_procfs = table.rows().filter(|row| row.device() == procfs);
    let Some(mounted) = of_procfs.filter_map(|row| row.unique_id()).min() else {
        return false;
    };
    let below = table.under(root).filter(|row| row.mount_point() != root);
    let mut ids = below.map(|row| row.unique_id());
    ids.all(|id| id.is_some_and(|id| id > mounted))
}

/// The ids that the kernel gives to namespaces (Linux 6.18).
#[derive(Debug)]
struct Ids {
    mount: u64,
    pid: u64,
    /// Of the other kinds that one call makes between these two.
    between: Vec<u64>,
}

impl Ids {
    /// The ids of the caller's mount namespace and of the other namespaces of process 1.
    fn read(proc: &ProcRoot) -> Option<Self> {
        let id = |process: &str, kind: &str| {
            let namespace = proc.namespace(process, kind).ok()?;
            sys::namespace_id(namespace.as_fd()).ok()
        };
        Some(Self {
            mount: id("thread-self", "mnt")?,
            pid: id("1", "pid")?,
            between: ["uts", "ipc"]
                .iter()
                .filter_map(|kind| id("1", kind))
                .collect(),
        })
    }

    /// Whether one call has made both namespaces. Then the mount namespace had nobody in it before
    /// the pid namespace was there.
    ///
    /// One call makes them in the order mount, uts, ipc, pid, and takes ids one after the other.
    /// Two calls may do the same if nobody makes a namespace in between, so this alone is no proof.
    fn are_of_one_call(&self) -> bool {
        self.mount < self.pid
            && self.pid - self.mount <= 3
            && (self.mount + 1..self.pid).all(|id| self.between.contains(&id))
    }
}

/// Whether the table is that of a container: it shows the whole namespace, and every procfs in it
/// shows this pid namespace. LXC mounts a second one.
///
/// In a mount namespace that is older than the pid namespace, or is a copy of such a one, the
/// procfs from before is in the table, mostly below the new one.
fn is_of_container(
    procfs: Device,
    table: &MountTable,
    shows_us: impl Fn(Device, &Path) -> bool,
) -> bool {
    let all = || table.rows().filter(|row| row.has_fs_type("proc"));
    let mut ours = vec![procfs];
    for row in all().filter(|row| row.root() == Path::new("/")) {
        if !ours.contains(&row.device()) && shows_us(row.device(), &row.mount_point()) {
            ours.push(row.device());
        }
    }
    // Before Linux 6.11 it may not be known whether a table is whole. Only a root directory that no
    // mount lies on shows itself then.
    all().next().is_some()
        && all().all(|row| ours.contains(&row.device()))
        && table.extent() != Extent::Part
}

/// Whether the procfs of this device is reached by a path and shows the caller's pid namespace.
fn is_our_procfs(device: Device, mount_point: &Path) -> bool {
    let proc = ProcRoot::open(&Proc::from(mount_point));
    proc.is_ok_and(|proc| device_of(&proc) == Some(device) && shows_our_own(&proc))
}

/// Whether the caller's namespace of this kind belongs to the caller's user namespace, or to one
/// below. A process outside cannot have come with it.
fn is_ours(proc: &ProcRoot, kind: &str) -> bool {
    let namespace = proc.namespace("thread-self", kind);
    // The kernel tells no owner that is above the caller.
    namespace.is_ok_and(|namespace| sys::owner(namespace.as_fd()).is_ok())
}

/// Why mounts below a directory may have been made outside of this user namespace, before its mount
/// namespace was copied. The kernel locks such mounts: a copy of the directory would uncover what
/// they hide, so it refuses to make one. The copy that it makes otherwise is never attached.
fn has_foreign(root: &Path) -> Option<String> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let what = match open_tree(CWD, root, flags) {
        Ok(_) => return None,
        // No directory, no mounts.
        Err(Errno::NOENT) => return None,
        Err(Errno::INVAL) => "mounts below the root come".to_owned(),
        Err(errno) => {
            format!("the kernel did not say ({errno}) whether mounts below the root come")
        }
    };
    Some(format!(
        "{what} from outside of this user namespace, and no process there can be looked into"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_of_one_call_have_ids_one_after_the_other() {
        let check = |mount, pid, between: &[u64]| {
            let ids = Ids {
                mount,
                pid,
                between: between.to_vec(),
            };
            ids.are_of_one_call()
        };
        assert!(check(40, 41, &[1, 6]));
        assert!(check(40, 42, &[41, 6]));
        assert!(check(40, 43, &[41, 42]));
        // Another namespace was made in between: that of a second call.
        assert!(!check(40, 42, &[1, 6]));
        assert!(!check(40, 43, &[41, 6]));
        // The one of the machine, and one that is younger.
        assert!(!check(4, 41, &[1, 6]));
        assert!(!check(41, 40, &[1, 6]));
    }

    #[test]
    fn every_procfs_of_a_container_shows_it() {
        let procfs = Device {
            major: 0,
            minor: 41,
        };
        let shows_us = |device: Device, at: &Path| device.minor == 43 && at == Path::new("/x");
        let check = |rows: &str| is_of_container(procfs, &MountTable::from_bytes(rows), shows_us);
        let root = "20 10 0:30 / / rw - overlay o rw\n";
        let proc = "21 20 0:41 / /proc rw - proc proc rw\n";
        let part = "22 21 0:41 /sys /proc/sys ro - proc proc rw\n";
        let above = "23 21 0:42 / /proc rw - proc proc rw\n";
        assert!(check(&format!("{root}{proc}{part}")));
        assert!(!check(&format!("{root}{proc}{above}")));
        let second = "24 20 0:43 / /x rw - proc proc rw\n";
        let of_it = "25 20 0:43 /sys /y ro - proc proc rw\n";
        assert!(check(&format!("{root}{of_it}{proc}{second}")));
        assert!(!check(&format!("{root}{of_it}{proc}")));
        assert!(!check(&format!("{root}{proc}{second}{above}")));
        assert!(!check(root), "what is at /proc is of another namespace");
    }

    #[test]
    fn a_procfs_of_the_namespace_above_is_not_ours() {
        let temp = tempfile::tempdir().unwrap();
        let check = |status: &str| {
            std::fs::create_dir_all(temp.path().join("thread-self")).unwrap();
            std::fs::write(temp.path().join("thread-self/status"), status).unwrap();
            shows_our_own(&ProcRoot::open(&Proc::unchecked(temp.path())).unwrap())
        };
        assert!(check("Pid:\t7\nNSpid:\t7\nNSpgid:\t7\n"));
        assert!(!check("Pid:\t812\nNSpid:\t812\t7\nNSpgid:\t812\t7\n"));
        assert!(!check("Pid:\t812\n"));
        assert!(shows_our_own(&ProcRoot::open(&Proc::default()).unwrap()));
    }
}

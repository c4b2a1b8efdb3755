//! Processes as procfs shows them: in which mount namespace, and using which mounts. Acts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::error::Error;
use crate::holders::find::{HolderProcess, Holders, MountUse};
use crate::ids::MountId;
use crate::kernel::identity::identity_at;

/// A process, or a thread in a namespace of its own.
pub(crate) struct Member {
    pub(crate) pid: u32,
    thread: Option<u32>,
}

impl Member {
    pub(crate) fn thread(&self) -> Option<u32> {
        self.thread
    }

    pub(crate) fn dir(&self, proc: &Path) -> PathBuf {
        let dir = proc.join(self.pid.to_string());
        match self.thread {
            None => dir,
            Some(thread) => dir.join("task").join(thread.to_string()),
        }
    }

    pub(crate) fn process(&self, proc: &Path) -> HolderProcess {
        let mut comm = fs::read(self.dir(proc).join("comm")).unwrap_or_default();
        if comm.last() == Some(&b'\n') {
            comm.pop();
        }
        HolderProcess {
            pid: self.pid,
            thread: self.thread,
            comm: OsString::from_vec(comm),
            uses: Vec::new(),
        }
    }
}

/// All processes, and threads that differ from theirs, by the inode of their mount namespace.
pub(crate) fn members(
    proc: &Path,
    unreadable: &mut usize,
) -> Result<BTreeMap<u64, Vec<Member>>, Error> {
    let entries = fs::read_dir(proc).map_err(|cause| Error::at("readdir", proc, cause))?;
    let mut pids = numbers(entries);
    pids.sort_unstable();
    let mut members: BTreeMap<u64, Vec<Member>> = BTreeMap::new();
    let mut add = |inode, pid, thread| {
        let in_it = members.entry(inode).or_default();
        in_it.push(Member { pid, thread });
    };
    for pid in pids {
        let dir = proc.join(pid.to_string());
        let inode = match inode_of_link(&dir.join("ns/mnt")) {
            Ok(inode) => inode,
            Err(cause) => {
                *unreadable += usize::from(cause.kind() == io::ErrorKind::PermissionDenied);
                None
            }
        };
        let Some(inode) = inode else { continue };
        add(inode, pid, None);
        let Ok(tasks) = fs::read_dir(dir.join("task")) else {
            continue;
        };
        for thread in numbers(tasks).into_iter().filter(|&id| id != pid) {
            let link = inode_of_link(&dir.join(format!("task/{thread}/ns/mnt")));
            if let Some(other) = link.ok().flatten().filter(|&other| other != inode) {
                add(other, pid, Some(thread));
            }
        }
    }
    Ok(members)
}

/// Adds how the processes found use the mounts found. Mount ids are the same in all namespaces, so a
/// descriptor that was passed on is seen too.
pub(crate) fn find_uses(proc: &Path, found: &mut Holders) {
    let namespaces = found.namespaces.iter();
    let mounts = namespaces.flat_map(|namespace| &namespace.mounts);
    let held: Vec<MountId> = mounts.map(|info| info.mount_id).collect();
    let namespaces = found.namespaces.iter_mut();
    for process in namespaces.flat_map(|namespace| &mut namespace.processes) {
        let (pid, thread) = (process.pid, process.thread);
        let dir = Member { pid, thread }.dir(proc);
        for (name, how) in [
            ("cwd", MountUse::WorkingDirectory),
            ("root", MountUse::RootDirectory),
        ] {
            if mount_of_link(&dir.join(name)).is_some_and(|id| held.contains(&id)) {
                process.uses.push(how);
            }
        }
        // Listed first, read then: the descriptor that lists is not one of the process's uses.
        let descriptors = fs::read_dir(dir.join("fdinfo")).map(numbers);
        for descriptor in descriptors.unwrap_or_default() {
            let text = fs::read(dir.join(format!("fdinfo/{descriptor}"))).unwrap_or_default();
            if mount_of_fdinfo(&text).is_some_and(|id| held.contains(&id)) {
                process.uses.push(MountUse::Descriptor(descriptor));
            }
        }
    }
}

/// The mount that a link of procfs leads to: opened as a place only, so that nothing mounted is touched.
fn mount_of_link(link: &Path) -> Option<MountId> {
    let file = rustix::fs::open(link, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    identity_at(&file, Path::new("")).ok()?.mount_id
}

/// The number after `mnt_id:`.
fn mount_of_fdinfo(text: &[u8]) -> Option<MountId> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let number = lines.find_map(|line| line.strip_prefix(b"mnt_id:"))?;
    crate::row::parse::decimal(number.trim_ascii()).map(MountId)
}

/// The inode of the mount namespace that a link of procfs leads to, if it leads to one.
pub(crate) fn inode_of_link(link: &Path) -> io::Result<Option<u64>> {
    fs::read_link(link).map(|target| inode_of(&target))
}

/// The number in `mnt:[4026531841]`.
pub(crate) fn inode_of(link: &Path) -> Option<u64> {
    let text = link.as_os_str().to_str()?;
    text.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
}

/// The entries of a directory of procfs that are numbers.
pub(crate) fn numbers(entries: fs::ReadDir) -> Vec<u32> {
    entries
        .flatten()
        .filter_map(|entry| crate::row::parse::decimal(entry.file_name().as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_procfs_writes() {
        assert_eq!(inode_of(Path::new("mnt:[4026531841]")), Some(4_026_531_841));
        assert_eq!(inode_of(Path::new("net:[1]")), None);
        assert_eq!(
            mount_of_fdinfo(b"pos:\t0\nflags:\t0100002\nmnt_id:\t27\nino:\t9\n"),
            Some(MountId(27))
        );
        assert_eq!(mount_of_fdinfo(b"mnt_id:\tx\n"), None);
    }
}

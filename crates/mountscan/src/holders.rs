//! Who keeps a mount busy: namespaces that have it or a copy of it, and the processes there. Acts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::error::Error;
use crate::identity::identity_at;
use crate::ids::MountId;
use crate::info::MountInfo;
use crate::row::Row;
use crate::stream::for_each_row;
use crate::sys;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoldersOptions {
    /// Where procfs is mounted; `/proc`. Processes that it does not show are not seen.
    pub proc: PathBuf,
    /// Also find how each process uses the mount: working directory, root directory, open files.
    pub uses: bool,
}

impl HoldersOptions {
    /// `/proc`, and no uses.
    #[must_use]
    pub fn new() -> HoldersOptions {
        HoldersOptions {
            proc: "/proc".into(),
            uses: false,
        }
    }
}

impl Default for HoldersOptions {
    fn default() -> HoldersOptions {
        HoldersOptions::new()
    }
}

/// Who holds a mount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holders {
    /// Namespaces that have the mount or a copy of it, the caller's own first, then by their lowest process.
    pub namespaces: Vec<HolderNamespace>,
    /// Namespaces whose tables were read, each once.
    pub namespaces_read: usize,
    /// Processes that could not be looked into for want of privilege: they may hold it too.
    pub unreadable: usize,
}

/// A mount namespace that holds a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderNamespace {
    /// Inode number of its nsfs file, as in `mnt:[4026531841]`.
    pub inode: u64,
    /// Its 64-bit id (Linux 6.11).
    pub namespace_id: Option<u64>,
    /// Whether it is the calling thread's.
    pub is_own: bool,
    /// The mounts there that hold it: of the same file system, with the same root or one below.
    pub mounts: Vec<MountInfo>,
    /// The processes that live there, by pid.
    pub processes: Vec<HolderProcess>,
}

/// A process, or a thread with a mount namespace of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderProcess {
    /// Process id.
    pub pid: u32,
    /// The thread, where it is in another namespace than its process.
    pub thread: Option<u32>,
    /// Command name, at most 15 bytes.
    pub comm: OsString,
    /// How it uses the mount, if that was asked for.
    pub uses: Vec<MountUse>,
}

/// How a process uses a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountUse {
    /// Its working directory is there.
    WorkingDirectory,
    /// Its root directory is there.
    RootDirectory,
    /// This descriptor is of a file there.
    Descriptor(u32),
}

/// Finds the mount namespaces that hold `mount` or a copy of it, and who lives there.
///
/// A namespace holds it if it has a mount of the same file system with the same root or one below: a copy
/// that propagated or was cloned keeps the file system, and with `MS_SHARED` also the unmounting, busy. Each
/// namespace is read once, whatever number of processes share it. Processes are seen only through procfs:
/// a namespace that only a bind mount or a descriptor keeps has none and is not found.
///
/// # Errors
///
/// When procfs cannot be read at all. Processes that end meanwhile are passed over, unreadable ones counted.
///
/// # References
///
/// `mount_namespaces(7)`, `namespaces(7)`.
pub fn holders(mount: &MountInfo, options: &HoldersOptions) -> Result<Holders, Error> {
    let proc = &options.proc;
    let mut found = Holders::default();
    let own = fs::read_link(proc.join("thread-self/ns/mnt"))
        .ok()
        .and_then(|link| inode_of(&link));
    for (inode, members) in members(proc, &mut found.unreadable)? {
        // The first that is still there speaks for all.
        let Some((speaker, mounts)) = members
            .iter()
            .find_map(|member| member.held(proc, mount).map(|mounts| (member, mounts)))
        else {
            continue;
        };
        found.namespaces_read += 1;
        if mounts.is_empty() {
            continue;
        }
        let file = File::open(speaker.dir(proc).join("ns/mnt"));
        let namespace_id = file
            .ok()
            .and_then(|file| sys::namespace_id(file.as_fd()).ok());
        let processes = members.iter().map(|member| member.process(proc)).collect();
        let is_own = own == Some(inode);
        found.namespaces.push(HolderNamespace {
            inode,
            namespace_id,
            is_own,
            mounts,
            processes,
        });
    }
    if options.uses {
        find_uses(proc, &mut found);
    }
    found.namespaces.sort_by_key(|namespace| {
        (
            !namespace.is_own,
            namespace.processes.first().map(|p| p.pid),
        )
    });
    Ok(found)
}

/// A process, or a thread in a namespace of its own.
struct Member {
    pid: u32,
    thread: Option<u32>,
}

impl Member {
    fn dir(&self, proc: &Path) -> PathBuf {
        let dir = proc.join(self.pid.to_string());
        match self.thread {
            None => dir,
            Some(thread) => dir.join("task").join(thread.to_string()),
        }
    }

    /// The mounts in its namespace that hold `mount`; `None` if it cannot be read (any more).
    fn held(&self, proc: &Path, mount: &MountInfo) -> Option<Vec<MountInfo>> {
        let file = File::open(self.dir(proc).join("mountinfo")).ok()?;
        let mut mounts = Vec::new();
        let read = for_each_row(BufReader::with_capacity(2048, file), |row| {
            mounts.extend(
                row.ok()
                    .filter(|row| holds(row, mount))
                    .map(|row| row.to_owned()),
            );
            ControlFlow::<()>::Continue(())
        });
        read.ok().map(|_| mounts)
    }

    fn process(&self, proc: &Path) -> HolderProcess {
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

fn holds(row: &Row<'_>, mount: &MountInfo) -> bool {
    row.device() == mount.device && row.root().starts_with(&mount.root)
}

/// All processes, and threads that differ from theirs, by the inode of their mount namespace.
fn members(proc: &Path, unreadable: &mut usize) -> Result<BTreeMap<u64, Vec<Member>>, Error> {
    let entries = fs::read_dir(proc).map_err(|cause| Error::at("read directory", proc, cause))?;
    let mut pids = numbers(entries);
    pids.sort_unstable();
    let mut members: BTreeMap<u64, Vec<Member>> = BTreeMap::new();
    for pid in pids {
        let dir = proc.join(pid.to_string());
        let inode = match fs::read_link(dir.join("ns/mnt")) {
            Ok(link) => inode_of(&link),
            Err(cause) => {
                *unreadable += usize::from(cause.kind() == io::ErrorKind::PermissionDenied);
                None
            }
        };
        let Some(inode) = inode else { continue };
        members
            .entry(inode)
            .or_default()
            .push(Member { pid, thread: None });
        let Ok(tasks) = fs::read_dir(dir.join("task")) else {
            continue;
        };
        for thread in numbers(tasks).into_iter().filter(|&id| id != pid) {
            let link = fs::read_link(dir.join(format!("task/{thread}/ns/mnt")));
            if let Some(other) = link
                .ok()
                .and_then(|link| inode_of(&link))
                .filter(|&other| other != inode)
            {
                members.entry(other).or_default().push(Member {
                    pid,
                    thread: Some(thread),
                });
            }
        }
    }
    Ok(members)
}

/// Adds how the processes found use the mounts found. Mount ids are the same in all namespaces, so a
/// descriptor that was passed on is seen too.
fn find_uses(proc: &Path, found: &mut Holders) {
    let held: Vec<MountId> = found
        .namespaces
        .iter()
        .flat_map(|namespace| namespace.mounts.iter().map(|info| info.mount_id))
        .collect();
    for process in found
        .namespaces
        .iter_mut()
        .flat_map(|namespace| &mut namespace.processes)
    {
        let dir = Member {
            pid: process.pid,
            thread: process.thread,
        }
        .dir(proc);
        for (name, how) in [
            ("cwd", MountUse::WorkingDirectory),
            ("root", MountUse::RootDirectory),
        ] {
            if mount_of_link(&dir.join(name)).is_some_and(|id| held.contains(&id)) {
                process.uses.push(how);
            }
        }
        // Listed first, read then: the descriptor that lists is none of the process's uses.
        let descriptors: Vec<u32> = fs::read_dir(dir.join("fdinfo"))
            .map(numbers)
            .unwrap_or_default();
        for descriptor in descriptors {
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
    let line = text
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"mnt_id:"))?;
    crate::parse::decimal(line.trim_ascii()).map(MountId)
}

/// The number in `mnt:[4026531841]`.
fn inode_of(link: &Path) -> Option<u64> {
    let text = link.as_os_str().to_str()?;
    text.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
}

/// The entries of a directory of procfs that are numbers.
fn numbers(entries: fs::ReadDir) -> Vec<u32> {
    entries
        .flatten()
        .filter_map(|entry| crate::parse::decimal(entry.file_name().as_bytes()))
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

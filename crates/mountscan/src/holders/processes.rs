//! Lists processes as procfs shows them, by mount namespace.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use crate::error::{Error, ErrorKind};
use crate::holders::in_parallel;
use crate::holders::report::HolderProcess;
use crate::kernel::procfs::ProcDir;

/// A process, or a thread that is in another mount namespace than its process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) pid: u32,
    thread: Option<u32>,
}

impl Member {
    pub(crate) fn thread(&self) -> Option<u32> {
        self.thread
    }

    /// The name of a file in its directory of procfs.
    pub(crate) fn file(&self, name: &str) -> String {
        match self.thread {
            None => format!("{}/{name}", self.pid),
            Some(thread) => format!("{}/task/{thread}/{name}", self.pid),
        }
    }

    /// Its record, without uses.
    pub(crate) fn process(&self, proc: &ProcDir) -> HolderProcess {
        let mut comm = proc.read_first(self.file("comm")).unwrap_or_default();
        // The kernel adds one newline. The name itself may also end in one, which stays.
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

/// All processes by the inode of their mount namespace, and the threads that are in another
/// namespace than their process. Processes that cannot be looked into are counted in `unreadable`.
pub(crate) fn members(
    proc: &ProcDir,
    unreadable: &mut usize,
) -> Result<BTreeMap<u64, Vec<Member>>, Error> {
    let mut members: BTreeMap<u64, Vec<Member>> = BTreeMap::new();
    let pids = proc.numbers(".")?;
    let own = own_pid(proc);
    // The own process is looked at alone: its tasks would show our helper threads.
    let all = in_parallel::map(&pids, |&pid| Some(pid) == own, |&pid| places(proc, pid));
    for places in all {
        match places {
            Ok(places) => {
                for (inode, member) in places {
                    members.entry(inode).or_default().push(member);
                }
            }
            // Any other error is of a process that has ended meanwhile.
            Err(error) => *unreadable += usize::from(error.kind() == ErrorKind::Denied),
        }
    }
    Ok(members)
}

/// A process and its threads, with the inodes of their mount namespaces. A thread counts only if it
/// is in another namespace than the process.
fn places(proc: &ProcDir, pid: u32) -> Result<Vec<(u64, Member)>, Error> {
    let Some(inode) = namespace_of_link(proc, &format!("{pid}/ns/mnt"))? else {
        return Ok(Vec::new());
    };
    let thread = None;
    let mut places = vec![(inode, Member { pid, thread })];
    let tasks = proc.numbers(format!("{pid}/task")).unwrap_or_default();
    // The task with the number of the process is its main thread, which stands for the process.
    for id in tasks.into_iter().filter(|&id| id != pid) {
        let link = namespace_of_link(proc, &format!("{pid}/task/{id}/ns/mnt"));
        if let Some(other) = link.ok().flatten().filter(|&other| other != inode) {
            let thread = Some(id);
            places.push((other, Member { pid, thread }));
        }
    }
    Ok(places)
}

/// The number of the calling process in this procfs; `None` if the procfs does not show the
/// process.
pub(crate) fn own_pid(proc: &ProcDir) -> Option<u32> {
    proc.link("self").ok()?.to_str()?.parse().ok()
}

/// The inode of the mount namespace to which a link of procfs leads. `None` if it leads to
/// something else.
pub(crate) fn namespace_of_link(proc: &ProcDir, name: &str) -> Result<Option<u64>, Error> {
    proc.link(name).map(|target| inode_of(&target))
}

/// The number in `mnt:[4026531841]`.
pub(crate) fn inode_of(link: &Path) -> Option<u64> {
    let text = link.as_os_str().to_str()?;
    text.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_procfs_writes() {
        assert_eq!(inode_of(Path::new("mnt:[4026531841]")), Some(4_026_531_841));
        assert_eq!(inode_of(Path::new("net:[1]")), None);
    }
}

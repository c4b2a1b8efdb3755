//! Lists processes as procfs shows them, by mount namespace.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use crate::error::Error;
use crate::holders::in_parallel;
use crate::holders::processes::member::{Member, Own};
use crate::holders::processes::stat::{Run, is_over, run_of};
use crate::kernel::procfs::ProcDir;
use crate::kernel::sys::{self, Compared};

/// Processes by the inode of their mount namespace.
///
/// A thread is listed if it is in another namespace than its process, or has a root directory,
/// working directory or descriptors of its own. If the first thread of a process has ended, another
/// one stands for the process.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub(crate) by_namespace: BTreeMap<u64, Vec<Member>>,
    /// Processes that run, but about whose namespaces something could not be read.
    pub(crate) unread: BTreeSet<u32>,
}

impl Members {
    /// Adds what a second look at some processes has found. It counts more than the first look: a
    /// process or thread that both have seen is there once, and where it was last.
    fn add(&mut self, second: Self) {
        self.unread = second.unread;
        let name = |member: &Member| (member.pid, member.thread);
        let seen: HashSet<_> = second.by_namespace.values().flatten().map(name).collect();
        for members in self.by_namespace.values_mut() {
            members.retain(|member| !seen.contains(&name(member)));
        }
        for (inode, more) in second.by_namespace {
            let known = self.by_namespace.entry(inode).or_default();
            known.extend(more);
            known.sort_unstable();
        }
        self.by_namespace.retain(|_, members| !members.is_empty());
    }
}

/// All processes. A process that could not be read is looked at a second time, because it may have
/// ended in between.
pub(crate) fn members(proc: &ProcDir) -> Result<Members, Error> {
    let mut members = members_of(proc, &proc.numbers(".")?);
    let again: Vec<u32> = std::mem::take(&mut members.unread).into_iter().collect();
    members.add(members_of(proc, &again));
    Ok(members)
}

/// Some processes, each looked at once.
pub(crate) fn members_of(proc: &ProcDir, pids: &[u32]) -> Members {
    let mut members = Members::default();
    let own = own_pid(proc);
    let numbers_are_ours = numbers_are_ours(proc);
    // The own process is looked at alone: its tasks would show our helper threads.
    let all = in_parallel::map(
        pids,
        |&pid| Some(pid) == own,
        |&pid| places(proc, pid, numbers_are_ours),
    );
    for (&pid, places) in pids.iter().zip(all) {
        for (inode, member) in places.found {
            members.by_namespace.entry(inode).or_default().push(member);
        }
        if places.is_unread {
            members.unread.insert(pid);
        }
    }
    members
}

/// A process and its threads, with the inodes of their mount namespaces.
#[derive(Default)]
struct Places {
    found: Vec<(u64, Member)>,
    /// Whether something that runs could not be read.
    is_unread: bool,
}

/// `numbers_are_ours`: whether system calls know processes by the numbers of this procfs.
fn places(proc: &ProcDir, pid: u32, numbers_are_ours: bool) -> Places {
    let mut places = Places::default();
    let process = pid.to_string();
    let inode = match namespace_of_link(proc, &format!("{process}/ns/mnt")) {
        Ok(inode) => inode,
        // If the process is gone when the link is read, the kernel says EACCES, also to root.
        Err(_) => match run_of(proc, &process) {
            Run::OfKernel => return places,
            Run::Runs => {
                places.is_unread = true;
                return places;
            }
            // The first thread may end before the others. They still run the process.
            Run::Ended => None,
        },
    };
    let member = Member::whole(pid, None);
    places.found.extend(inode.map(|inode| (inode, member)));
    add_threads(proc, pid, inode, numbers_are_ours, &mut places);
    places
}

/// Adds the threads that have something for themselves. Without a first thread, the first one of
/// the others counts in any case.
fn add_threads(
    proc: &ProcDir,
    pid: u32,
    process: Option<u64>,
    numbers_are_ours: bool,
    places: &mut Places,
) {
    let directory = format!("{pid}/task");
    // Most processes have one thread. To count is cheaper than to list.
    if process.is_some() && proc.directories(&directory) == Some(1) {
        return;
    }
    let tasks = match proc.numbers(directory) {
        Ok(tasks) => tasks,
        // Without the list nobody knows whether a thread outlived the first one.
        Err(error) => {
            let runs = run_of(proc, &pid.to_string()) == Run::Runs;
            places.is_unread |= runs || !is_over(&error);
            return;
        }
    };
    // The thread that stands for the process, and its namespace.
    let mut first = process.map(|inode| (pid, inode));
    // The task with the number of the process is its first thread, which was looked at.
    for id in tasks.into_iter().filter(|&id| id != pid) {
        let task = format!("{pid}/task/{id}");
        let inode = match namespace_of_link(proc, &format!("{task}/ns/mnt")) {
            Ok(Some(inode)) => inode,
            Ok(None) => continue,
            Err(_) => {
                places.is_unread |= run_of(proc, &task) == Run::Runs;
                continue;
            }
        };
        let own = match first {
            None => Own::ALL,
            Some((first, there)) => Own {
                memory: there != inode,
                ..not_shared(first, id, numbers_are_ours)
            },
        };
        first = first.or(Some((id, inode)));
        // A thread that ends has nothing any more, and its process can go on.
        let has_any = own.memory || own.place || own.descriptors;
        if has_any && run_of(proc, &task) != Run::Ended {
            let thread = Some(id);
            places.found.push((inode, Member { pid, thread, own }));
        }
    }
}

/// What a thread of a process does not share with the first one. What cannot be told counts as not
/// shared: then the thread is looked at, too.
fn not_shared(first: u32, other: u32, numbers_are_ours: bool) -> Own {
    // A system call filter may refuse the call, and a kernel may be built without it.
    let is_one = |what| match numbers_are_ours {
        true => sys::kcmp(first, other, what).ok(),
        false => None,
    };
    let (place, descriptors) = (is_one(Compared::Places), is_one(Compared::Descriptors));
    Own {
        memory: false,
        place: place != Some(true),
        descriptors: descriptors != Some(true),
        is_sure: place.is_some() && descriptors.is_some(),
    }
}

/// Whether system calls know processes by the numbers of this procfs. The procfs of a pid namespace
/// above shows another number for us first.
fn numbers_are_ours(proc: &ProcDir) -> bool {
    let Ok(status) = proc.read("self/status") else {
        return false;
    };
    let mut lines = status.split(|&byte| byte == b'\n');
    let numbers = lines.find_map(|line| line.strip_prefix(b"NSpid:"));
    let own = std::process::id().to_string();
    numbers.is_some_and(|numbers| numbers.trim_ascii() == own.as_bytes())
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
    use crate::holders::processes::stat::is_running;
    use crate::kernel::procfs::Proc;

    #[test]
    fn threads_that_cannot_be_listed_may_run() {
        let tree = tempfile::tempdir().unwrap();
        let process = tree.path().join("7");
        std::fs::create_dir(&process).unwrap();
        std::os::unix::fs::symlink("7", tree.path().join("self")).unwrap();
        let ended = "7 (a) Z 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 4711 9";
        std::fs::write(process.join("stat"), ended).unwrap();
        let proc = Proc::unchecked(tree.path()).open().unwrap();
        assert!(!is_running(&proc, 7), "no list, no thread");
        std::fs::write(process.join("task"), "").unwrap();
        assert!(is_running(&proc, 7));
        assert!(members_of(&proc, &[7]).unread.contains(&7));
    }

    #[test]
    fn what_two_looks_have_found_is_there_once() {
        let member = |pid, is_sure| {
            let own = Own {
                is_sure,
                ..Own::ALL
            };
            let thread = Some(pid + 1);
            Member { pid, thread, own }
        };
        let all = |spaces: &[(u64, Member)]| {
            let mut all = Members::default();
            for &(inode, member) in spaces {
                all.by_namespace.entry(inode).or_default().push(member);
            }
            all
        };
        let mut first = all(&[
            (1, member(7, false)),
            (2, member(8, true)),
            (3, member(9, true)),
        ]);
        first.add(all(&[(1, member(7, true)), (1, member(8, true))]));
        let want = all(&[
            (1, member(7, true)),
            (1, member(8, true)),
            (3, member(9, true)),
        ]);
        assert_eq!(first.by_namespace, want.by_namespace);
    }

    #[test]
    fn reads_what_procfs_writes() {
        assert_eq!(inode_of(Path::new("mnt:[4026531841]")), Some(4_026_531_841));
        assert_eq!(inode_of(Path::new("net:[1]")), None);
    }
}

//! The network namespaces that processes are in, or hold open.

use std::collections::HashMap;
use std::path::Path;

use mountscan::{Error, Proc, ProcRoot};

use crate::procfs::{is_gone, unread};
use crate::unread::Unread;

/// Who uses which network namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkUsers {
    /// For each namespace, by its inode number: one process that uses it, in words.
    pub users: HashMap<u64, String>,
    /// How many processes could not be looked into. Each of them may use any namespace.
    pub unreadable: usize,
}

/// Finds who uses network namespaces. It looks at each thread of each process in `proc`, and at
/// each descriptor that is open on a namespace. `proc` is the procfs to read, such as the path
/// `/proc`.
///
/// # Errors
///
/// If `proc` cannot be listed, if it is no procfs, or if it belongs to a pid namespace that does
/// not show the caller.
///
/// # References
///
/// [`network_namespaces(7)`](https://man7.org/linux/man-pages/man7/network_namespaces.7.html)
pub fn network_users(proc: impl Into<Proc>) -> Result<NetworkUsers, Unread> {
    let whole = |error: Error| unread(error.path().unwrap_or(Path::new("/proc")), &error);
    let proc = ProcRoot::open(&proc.into()).map_err(whole)?;
    proc.own_pid().map_err(whole)?;
    let mut found = NetworkUsers::default();
    for pid in proc.pids().map_err(whole)? {
        match look_into(&proc, pid, &mut found.users) {
            Ok(()) => {}
            // The process has ended since `proc` was listed.
            Err(error) if is_gone(&error) => {}
            Err(_) => found.unreadable += 1,
        }
    }
    Ok(found)
}

fn look_into(proc: &ProcRoot, pid: u32, users: &mut HashMap<u64, String>) -> Result<(), Error> {
    let comm = proc.read(format!("{pid}/comm"))?;
    let comm = String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    // unshare(2) and setns(2) move one thread only, so each thread may be in another namespace.
    let tasks = proc.numbers(format!("{pid}/task"))?;
    for task in &tasks {
        match proc.link(format!("{pid}/task/{task}/ns/net")) {
            Ok(link) => add(users, &link, || format!("pid {pid} {comm}")),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    // An open descriptor keeps a namespace alive, even when no thread is in it.
    let mut place = pid.to_string();
    let mut numbers = proc.numbers(format!("{place}/fd"))?;
    if numbers.is_empty() {
        // A first thread that has ended shows none. The threads that go on have them.
        let threads = tasks.iter().map(|task| format!("{pid}/task/{task}"));
        for thread in threads {
            let open = proc.numbers(format!("{thread}/fd")).unwrap_or_default();
            if !open.is_empty() {
                (place, numbers) = (thread, open);
                break;
            }
        }
    }
    for number in numbers {
        match proc.link(format!("{place}/fd/{number}")) {
            Ok(link) => add(users, &link, || {
                format!("descriptor {number} of pid {pid} {comm}")
            }),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn add(users: &mut HashMap<u64, String>, link: &Path, words: impl FnOnce() -> String) {
    let text = link.to_str().and_then(|text| text.strip_prefix("net:["));
    let inode = text.and_then(|text| text.strip_suffix(']')?.parse().ok());
    if let Some(inode) = inode {
        users.entry(inode).or_insert_with(words);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn threads_and_descriptors_use_namespaces() {
        let place = tempfile::tempdir().unwrap();
        let process = place.path().join("7");
        for directory in ["task/7/ns", "task/8/ns", "fd"] {
            fs::create_dir_all(process.join(directory)).unwrap();
        }
        fs::write(process.join("comm"), "sleep\n").unwrap();
        symlink("net:[41]", process.join("task/7/ns/net")).unwrap();
        symlink("net:[42]", process.join("task/8/ns/net")).unwrap();
        symlink("net:[43]", process.join("fd/5")).unwrap();
        symlink("/dev/null", process.join("fd/6")).unwrap();
        let look = || network_users(Proc::unchecked(place.path()));
        let unseen = look().unwrap_err().to_string();
        assert!(
            unseen.contains("does not show the calling process"),
            "{unseen}"
        );
        symlink("7", place.path().join("self")).unwrap();
        let found = look().unwrap();
        assert_eq!(found.unreadable, 0);
        assert_eq!(found.users.len(), 3);
        assert_eq!(found.users[&42], "pid 7 sleep");
        assert_eq!(found.users[&43], "descriptor 5 of pid 7 sleep");
        assert!(network_users(Proc::unchecked(place.path().join("none"))).is_err());
        assert!(network_users(place.path()).is_err(), "it is no procfs");
    }

    #[test]
    fn descriptors_outlive_the_first_thread() {
        let place = tempfile::tempdir().unwrap();
        symlink("7", place.path().join("self")).unwrap();
        let process = place.path().join("7");
        for directory in ["task/7/ns", "task/8/fd", "task/8/ns", "fd"] {
            fs::create_dir_all(process.join(directory)).unwrap();
        }
        fs::write(process.join("comm"), "sleep\n").unwrap();
        symlink("net:[43]", process.join("task/8/fd/5")).unwrap();
        let found = network_users(Proc::unchecked(place.path())).unwrap();
        assert!(found.users.contains_key(&43), "{found:?}");
    }

    #[test]
    fn this_process_uses_its_own() {
        let found = network_users("/proc").unwrap();
        let link = fs::read_link("/proc/self/ns/net").unwrap();
        let text = link.to_str().unwrap();
        let inode: u64 = text["net:[".len()..text.len() - 1].parse().unwrap();
        assert!(found.users.contains_key(&inode));
    }
}

//! The network namespaces that processes are in, or hold open.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

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
/// each descriptor that is open on a namespace.
///
/// # Errors
///
/// If `proc` cannot be listed.
///
/// # References
///
/// [`network_namespaces(7)`](https://man7.org/linux/man-pages/man7/network_namespaces.7.html)
pub fn network_users(proc: &Path) -> Result<NetworkUsers, Unread> {
    let mut found = NetworkUsers::default();
    let entries = fs::read_dir(proc).map_err(|error| Unread::io(proc, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Unread::io(proc, &error))?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().filter(|name| name.parse::<u32>().is_ok()) else {
            continue;
        };
        match look_into(&proc.join(pid), pid, &mut found.users) {
            Ok(()) => {}
            // The process has ended since `proc` was listed.
            Err(error) if is_gone(&error) => {}
            Err(_) => found.unreadable += 1,
        }
    }
    Ok(found)
}

fn look_into(place: &Path, pid: &str, users: &mut HashMap<u64, String>) -> io::Result<()> {
    let comm = fs::read(place.join("comm"))?;
    let comm = String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    // unshare(2) and setns(2) move one thread only, so each thread may be in another namespace.
    for task in fs::read_dir(place.join("task"))? {
        let task = task?.path();
        match fs::read_link(task.join("ns/net")) {
            Ok(link) => add(users, &link, || format!("pid {pid} {comm}")),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    // An open descriptor keeps a namespace alive, even when no thread is in it.
    for descriptor in fs::read_dir(place.join("fd"))? {
        let descriptor = descriptor?;
        match fs::read_link(descriptor.path()) {
            Ok(link) => add(users, &link, || {
                let number = descriptor.file_name();
                format!(
                    "descriptor {} of pid {pid} {comm}",
                    number.to_string_lossy()
                )
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

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

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
        let found = network_users(place.path()).unwrap();
        assert_eq!(found.unreadable, 0);
        assert_eq!(found.users.len(), 3);
        assert_eq!(found.users[&42], "pid 7 sleep");
        assert_eq!(found.users[&43], "descriptor 5 of pid 7 sleep");
        assert!(network_users(&place.path().join("none")).is_err());
    }

    #[test]
    fn this_process_uses_its_own() {
        let found = network_users(Path::new("/proc")).unwrap();
        let link = fs::read_link("/proc/self/ns/net").unwrap();
        let text = link.to_str().unwrap();
        let inode: u64 = text["net:[".len()..text.len() - 1].parse().unwrap();
        assert!(found.users.contains_key(&inode));
    }
}

//! Whether a container's cgroup holds processes.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The place of the cgroup file systems in the paths that runtimes record.
const USUAL: &str = "/sys/fs/cgroup";

/// Hierarchies in which every container has a group: some of cgroup v1, and the v2 hierarchy that
/// is mounted beside them.
const HIERARCHIES: [&str; 5] = ["unified", "systemd", "pids", "memory", "devices"];

/// How many groups below a group of cgroup v1 are read at most.
const MOST: usize = 1000;

/// What the cgroups of a container show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    /// A process is in this one, or below it.
    Populated(PathBuf),
    /// It exists, and holds no process.
    Empty(PathBuf),
    /// This one may hold processes: it could not be read.
    Unread(PathBuf),
    /// No file system of cgroups is at this directory, so nobody knows which groups exist.
    Unseen(PathBuf),
    /// No group exists here, or the state names none.
    Absent,
}

/// Looks at each group that a state names.
pub(super) fn look(root: &Path, recorded: &[PathBuf]) -> Group {
    if recorded.is_empty() {
        return Group::Absent;
    }
    let mut answer = match is_visible(root) {
        true => Group::Absent,
        false => Group::Unseen(root.to_owned()),
    };
    // A path with `..` could lead anywhere, so it is not followed.
    let mut unread = recorded.iter().find(|path| !is_plain(path)).cloned();
    for place in recorded.iter().flat_map(|path| places(root, path)) {
        match is_populated(&place) {
            Some(Some(true)) => return Group::Populated(place),
            Some(Some(false)) => answer = Group::Empty(place),
            Some(None) => unread = Some(place),
            None => {}
        }
    }
    unread.map_or(answer, Group::Unread)
}

/// Whether groups can be seen at a directory: it is cgroup v2, or has a hierarchy of v1 in it. Each
/// of them has this file at its top.
fn is_visible(root: &Path) -> bool {
    let is_top = |directory: &Path| directory.join("cgroup.procs").exists();
    let entries = || fs::read_dir(root).into_iter().flatten().flatten();
    is_top(root) || entries().any(|entry| is_top(&entry.path()))
}

fn is_plain(recorded: &Path) -> bool {
    let mut parts = recorded.components();
    parts.all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}

/// The directories that a recorded group can mean: the path as written, or below each hierarchy.
fn places(root: &Path, recorded: &Path) -> Vec<PathBuf> {
    if !is_plain(recorded) {
        return Vec::new();
    }
    if let Ok(inner) = recorded.strip_prefix(USUAL) {
        return vec![root.join(inner)];
    }
    let inner = recorded.strip_prefix("/").unwrap_or(recorded);
    let below = HIERARCHIES.iter().map(|name| root.join(name).join(inner));
    std::iter::once(root.join(inner)).chain(below).collect()
}

/// Whether a group holds processes. The outer `None` means that there is no such group. The inner
/// `None` means that it could not be read.
fn is_populated(group: &Path) -> Option<Option<bool>> {
    // Only cgroup v2 has this file. Its line `populated` counts the groups below, too.
    match fs::read_to_string(group.join("cgroup.events")) {
        Ok(text) => {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("populated "));
            Some(line.map(|word| word.trim() != "0"))
        }
        Err(error) if is_gone(&error) => match group.join("cgroup.procs").try_exists() {
            Ok(true) => Some(any_below(group)),
            Ok(false) => None,
            Err(_) => Some(None),
        },
        Err(_) => Some(None),
    }
}

/// In cgroup v1 a group lists only its own processes, so the groups below it are read, too.
fn any_below(group: &Path) -> Option<bool> {
    let mut left = vec![group.to_owned()];
    let mut seen = 0;
    while let Some(group) = left.pop() {
        seen += 1;
        if seen > MOST {
            return None;
        }
        match fs::read(group.join("cgroup.procs")) {
            Ok(pids) if pids.is_empty() => {}
            Ok(_) => return Some(true),
            Err(error) if is_gone(&error) => continue,
            Err(_) => return None,
        }
        for entry in fs::read_dir(&group).ok()? {
            let entry = entry.ok()?;
            if entry.file_type().ok()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Some(false)
}

/// Whether an error says that a group was removed. Only an empty one can be.
fn is_gone(error: &io::Error) -> bool {
    // cgroup answers ENODEV to who has opened a file of it before.
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(nix::libc::ENODEV)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        let group = |path: &str, file: &str, text: &str| {
            fs::create_dir_all(root.join(path)).unwrap();
            fs::write(root.join(path).join(file), text).unwrap();
        };
        group("two/full", "cgroup.events", "populated 1\nfrozen 0\n");
        group("two/empty", "cgroup.events", "populated 0\nfrozen 0\n");
        group("pids/one", "cgroup.procs", "");
        group("pids/one/below", "cgroup.procs", "12\n");
        group("pids/two", "cgroup.procs", "");
        group(".", "cgroup.procs", "");
        let ask = |path: &str| look(root, &[PathBuf::from(path)]);
        let at = |path: &str| root.join(path);
        assert_eq!(ask("/two/full"), Group::Populated(at("two/full")));
        assert_eq!(
            ask("/sys/fs/cgroup/two/full"),
            Group::Populated(at("two/full"))
        );
        assert_eq!(ask("/two/empty"), Group::Empty(at("two/empty")));
        assert_eq!(ask("/one"), Group::Populated(at("pids/one")));
        assert_eq!(ask("/two"), Group::Empty(at("pids/two")));
        assert_eq!(ask("/none"), Group::Absent);
        let odd = "/two/../two/full";
        assert_eq!(ask(odd), Group::Unread(odd.into()));
        assert_eq!(
            ask("/sys/fs/cgroup/../x"),
            Group::Unread("/sys/fs/cgroup/../x".into())
        );
        let both = ["/two/empty", "/two/full"].map(PathBuf::from);
        assert_eq!(look(root, &both), Group::Populated(at("two/full")));
        // Directories instead of the files: they can be opened and not read.
        fs::create_dir_all(root.join("two/closed/cgroup.events")).unwrap();
        fs::create_dir_all(root.join("pids/closed/cgroup.procs")).unwrap();
        assert_eq!(ask("/two/closed"), Group::Unread(at("two/closed")));
        assert_eq!(ask("/closed"), Group::Unread(at("pids/closed")));
        let one_closed = ["/two/closed", "/two/empty"].map(PathBuf::from);
        assert_eq!(look(root, &one_closed), Group::Unread(at("two/closed")));
    }
    #[test]
    fn without_a_file_system_of_cgroups_no_group_is_known_to_be_gone() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        let ask = || look(root, &[PathBuf::from("/docker/x")]);
        assert_eq!(look(root, &[]), Group::Absent);
        assert_eq!(ask(), Group::Unseen(root.to_owned()));
        // As in a namespace where an empty file system lies over it.
        fs::create_dir(root.join("pids")).unwrap();
        assert_eq!(ask(), Group::Unseen(root.to_owned()));
        fs::write(root.join("pids/cgroup.procs"), "1\n").unwrap();
        assert_eq!(ask(), Group::Absent);
        let none = root.join("none");
        assert_eq!(look(&none, &["/x".into()]), Group::Unseen(none.clone()));
    }
}

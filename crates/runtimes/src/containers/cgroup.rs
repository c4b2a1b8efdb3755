//! Whether a container's cgroup holds processes.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

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
    /// No group exists here.
    Absent,
}

/// Looks at each group that a state names.
pub(super) fn look(root: &Path, recorded: &[PathBuf]) -> Group {
    let mut answer = Group::Absent;
    let mut unread = None;
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

/// The directories that a recorded group can mean: the path as written, or below each hierarchy.
fn places(root: &Path, recorded: &Path) -> Vec<PathBuf> {
    if let Ok(inner) = recorded.strip_prefix(USUAL) {
        return vec![root.join(inner)];
    }
    let inner = recorded.strip_prefix("/").unwrap_or(recorded);
    // A path with `..` could lead anywhere.
    let is_plain = inner
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return Vec::new();
    }
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
        assert_eq!(ask("/two/../two/full"), Group::Absent);
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
}

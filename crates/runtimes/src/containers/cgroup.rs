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
    /// Only a part of the hierarchy is at this directory, so a group may exist that is not shown.
    Partial(PathBuf),
    /// No group exists here, or the state names none.
    Absent,
}

/// Looks at each group that a state names. `is_own` says that the groups at the root are those of
/// the caller's pid namespace, so that every group of its containers is below them.
pub(super) fn look(root: &Path, recorded: &[PathBuf], is_own: bool) -> Group {
    if recorded.is_empty() {
        return Group::Absent;
    }
    let tops = tops(root);
    let mut answer = match tops.is_empty() {
        true => Group::Unseen(root.to_owned()),
        false if is_own || tops.iter().all(|top| is_whole(top)) => Group::Absent,
        false => Group::Partial(root.to_owned()),
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

/// The highest groups that are seen at a directory: of cgroup v2, or of each hierarchy of v1 in it.
fn tops(root: &Path) -> Vec<PathBuf> {
    // Every group has this file.
    let is_group = |directory: &PathBuf| directory.join("cgroup.procs").exists();
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let below = entries.map(|entry| entry.path()).filter(is_group);
    match is_group(&root.to_owned()) {
        true => vec![root.to_owned()],
        false => below.collect(),
    }
}

/// Whether a group is the highest one of its hierarchy. A container gets another one as its top: by
/// a cgroup namespace, or by a bind mount.
fn is_whole(top: &Path) -> bool {
    let has = |file: &str| top.join(file).try_exists();
    match has("cgroup.controllers") {
        // In cgroup v2 every group has that file, and every group below the highest has this one.
        Ok(true) => matches!(has("cgroup.events"), Ok(false)),
        // In cgroup v1 only the highest group has it.
        _ => matches!(has("release_agent"), Ok(true)),
    }
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
        group(".", "cgroup.controllers", "");
        let ask = |path: &str| look(root, &[PathBuf::from(path)], false);
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
        assert_eq!(look(root, &both, false), Group::Populated(at("two/full")));
        // Directories instead of the files: they can be opened and not read.
        fs::create_dir_all(root.join("two/closed/cgroup.events")).unwrap();
        fs::create_dir_all(root.join("pids/closed/cgroup.procs")).unwrap();
        assert_eq!(ask("/two/closed"), Group::Unread(at("two/closed")));
        assert_eq!(ask("/closed"), Group::Unread(at("pids/closed")));
        let one_closed = ["/two/closed", "/two/empty"].map(PathBuf::from);
        assert_eq!(
            look(root, &one_closed, false),
            Group::Unread(at("two/closed"))
        );
    }

    #[test]
    fn without_a_file_system_of_cgroups_no_group_is_known_to_be_gone() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        let ask = || look(root, &[PathBuf::from("/docker/x")], true);
        assert_eq!(look(root, &[], true), Group::Absent);
        assert_eq!(ask(), Group::Unseen(root.to_owned()));
        // As in a namespace where an empty file system lies over it.
        fs::create_dir(root.join("pids")).unwrap();
        assert_eq!(ask(), Group::Unseen(root.to_owned()));
        fs::write(root.join("pids/cgroup.procs"), "1\n").unwrap();
        assert_eq!(ask(), Group::Absent);
        let none = root.join("none");
        let unseen = Group::Unseen(none.clone());
        assert_eq!(look(&none, &["/x".into()], true), unseen);
    }

    #[test]
    fn below_another_top_no_group_is_known_to_be_gone() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        let ask = |is_own| look(root, &["/docker/x".into()], is_own);
        let write = |file: &str| {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        };
        // Of cgroup v1: one hierarchy is whole, and one is a part.
        write("pids/cgroup.procs");
        write("pids/release_agent");
        assert_eq!(ask(false), Group::Absent);
        write("memory/cgroup.procs");
        assert_eq!(ask(false), Group::Partial(root.to_owned()));
        assert_eq!(ask(true), Group::Absent);
        write("memory/release_agent");
        assert_eq!(ask(false), Group::Absent);
        // Of cgroup v2.
        write("cgroup.procs");
        write("cgroup.controllers");
        assert_eq!(ask(false), Group::Absent);
        write("cgroup.events");
        assert_eq!(ask(false), Group::Partial(root.to_owned()));
        assert_eq!(ask(true), Group::Absent);
        // What is seen counts, wherever the top is.
        fs::create_dir_all(root.join("docker/x")).unwrap();
        fs::write(root.join("docker/x/cgroup.events"), "populated 1\n").unwrap();
        assert_eq!(ask(false), Group::Populated(root.join("docker/x")));
    }
}

//! Follows a path name by name, so that each name on the way can be watched.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// One name on the way, in the directory that holds it. An empty name stands for all names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) directory: PathBuf,
    pub(crate) name: OsString,
}

impl Step {
    pub(crate) fn all_of(directory: PathBuf) -> Self {
        let name = OsString::new();
        Self { directory, name }
    }
}

/// The kernel follows at most 40 links, and then gives ELOOP (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// The steps from the root to the file, through every symbolic link. They end at the file, or at
/// the first name that does not exist.
pub(crate) fn trail(path: &Path) -> Vec<Step> {
    let mut ahead: VecDeque<PathBuf> = parts(path).collect();
    let mut directory = PathBuf::from(if path.is_absolute() { "/" } else { "." });
    let mut steps = Vec::new();
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        let Some(Component::Normal(name)) = part.components().next() else {
            step_aside(&mut directory, &part);
            continue;
        };
        let full = directory.join(name);
        steps.push(Step {
            directory: directory.clone(),
            name: name.to_owned(),
        });
        // A name counts even if it does not exist: the watch on its directory tells when it comes.
        match fs::read_link(&full) {
            // A relative target begins in the directory of its link, which is still `directory`.
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                parts(&target).rev().for_each(|part| ahead.push_front(part));
            }
            Ok(_) => break,
            // readlink(2) gives EINVAL for a name that is not a link.
            Err(_) if fs::symlink_metadata(&full).is_ok() => directory = full,
            Err(_) => break,
        }
    }
    steps
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = PathBuf> {
    path.components()
        .map(|part| PathBuf::from(part.as_os_str()))
}

/// Handles the root, `.` and `..`. The directory so far holds no links, so `..` only removes its
/// last name.
fn step_aside(directory: &mut PathBuf, part: &Path) {
    match part.components().next() {
        Some(Component::RootDir) => *directory = PathBuf::from("/"),
        Some(Component::ParentDir) if !directory.pop() => directory.push(".."),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_turning_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for sub in ["etc", "run/resolve"] {
            fs::create_dir_all(root.join(sub)).unwrap();
        }
        symlink("run", root.join("var")).unwrap();
        symlink("../var/resolve/stub", root.join("etc/resolv.conf")).unwrap();
        let all = trail(&root.join("etc/resolv.conf"));
        let below = all.iter().filter(|step| step.directory.starts_with(&root));
        let shown: Vec<String> = below
            .map(|step| {
                let directory = step.directory.strip_prefix(&root).unwrap();
                format!("{}:{}", directory.display(), step.name.to_str().unwrap())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ":etc",
                "etc:resolv.conf",
                ":var",
                ":run",
                "run:resolve",
                "run/resolve:stub"
            ]
        );
    }

    #[test]
    fn loops_end() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("loop");
        symlink("loop", &link).unwrap();
        assert!(trail(&link).len() < 100);
        assert!(trail(Path::new("")).is_empty());
    }
}

//! A path as a process with another root directory sees it.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;

/// The kernel follows no more links in one look-up.
const MOST_LINKS: u32 = 40;

/// Where a path leads that is meant below `root`, such as `/proc/812/root`.
///
/// The kernel follows an absolute link from the root directory of the caller. `/var/run` is such a
/// link on many machines, and it would lead out of the other root. So each link is read and
/// followed here. What is behind the first missing part is added as it is written.
///
/// # Errors
///
/// When a part cannot be looked at, or when links lead to links without an end.
pub(super) fn in_root(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let mut done = PathBuf::new();
    let mut left = parts(path);
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        match root.join(&done).join(&part).read_link() {
            Ok(target) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::ELOOP.into());
                }
                if target.is_absolute() {
                    done.clear();
                }
                left.extend(parts(&target));
            }
            Err(error) if is_no_link(&error) => done.push(part),
            Err(error) => return Err(error),
        }
    }
    Ok(root.join(done))
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let is_step =
        |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    let mut parts: Vec<_> = path.components().filter(is_step).collect();
    parts.reverse();
    parts
        .iter()
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

/// Whether something else is there, or nothing.
fn is_no_link(error: &io::Error) -> bool {
    let kinds = [
        ErrorKind::InvalidInput,
        ErrorKind::NotFound,
        ErrorKind::NotADirectory,
    ];
    kinds.contains(&error.kind())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_stay_below_the_root() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        fs::create_dir_all(root.join("run/ee")).unwrap();
        fs::create_dir(root.join("var")).unwrap();
        symlink("/run", root.join("var/run")).unwrap();
        symlink("../../../run/ee", root.join("var/up")).unwrap();
        symlink("/loop", root.join("loop")).unwrap();
        for (path, want) in [
            ("/run/ee/x/y", "run/ee/x/y"),
            ("/var/run/ee", "run/ee"),
            ("/var/up/x", "run/ee/x"),
            ("/var/../var/run", "run"),
            ("/none/../x", "x"),
            ("/", ""),
        ] {
            assert_eq!(
                in_root(root, Path::new(path)).unwrap(),
                root.join(want),
                "{path}"
            );
        }
        let error = in_root(root, Path::new("/loop/x")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::ELOOP as i32));
    }
}

//! Opens a directory below a data root without following a symlink.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};
use crate::limit::{ANSWER_LIMIT, within};
use crate::path_text::shown;

// O_PATH: a look-up needs no right to read the directory, and it opens nothing at a server.
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// How often `openat2` is called again. It answers EAGAIN when something was renamed while it
/// looked.
const AGAIN_LIMIT: u32 = 64;
/// Longer paths are walked in pieces.
const PATH_LIMIT: usize = libc::PATH_MAX as usize - 1;

/// Set when `openat2` turns out to be missing (before Linux 5.6, or filtered).
static WALK: AtomicBool = AtomicBool::new(false);

/// The part of a path after `base`; `None` if the path is not at or below `base`.
///
/// [`Path::strip_prefix`] compares component by component. That costs ten times as much.
pub(crate) fn relative<'p>(path: &'p Path, base: &Path) -> Option<&'p Path> {
    let (bytes, base_bytes) = (path.as_os_str().as_bytes(), base.as_os_str().as_bytes());
    match bytes.strip_prefix(base_bytes) {
        Some([]) => Some(Path::new("")),
        Some([b'/', rest @ ..]) if rest.first().is_some_and(|&byte| byte != b'/') => {
            Some(Path::new(OsStr::from_bytes(rest)))
        }
        // Written in another way, or not below it.
        _ => path.strip_prefix(base).ok(),
    }
}

/// Resolves a data root, as a person wrote it, to the path in the mount table.
///
/// Symlinks are followed here, once. No later step follows one.
///
/// # Errors
///
/// [`ErrorKind::BadRoot`] if the root is relative, `/`, missing, or not a
/// directory; [`ErrorKind::NoAnswer`] if its filesystem does not answer in five seconds.
pub fn resolve_root(root: &Path) -> Result<PathBuf, Error> {
    if !root.is_absolute() {
        return Err(bad_root(root, "is not an absolute path"));
    }
    let asked = root.to_path_buf();
    let resolved = within(ANSWER_LIMIT, move || {
        let path = std::fs::canonicalize(asked)?;
        let is_dir = std::fs::metadata(&path)?.is_dir();
        Ok::<_, io::Error>((path, is_dir))
    });
    match resolved {
        None => Err(Error::no_answer("canonicalize", root)),
        Some(Err(e)) => Err(bad_root(root, "cannot be resolved").because(e)),
        Some(Ok((_, false))) => Err(bad_root(root, "is not a directory")),
        Some(Ok((path, true))) => normal_root(&path),
    }
}

/// The root as the mount table writes it: absolute, no `.`, no doubled slash.
pub(crate) fn normal_root(root: &Path) -> Result<PathBuf, Error> {
    if !root.is_absolute() {
        return Err(bad_root(root, "is not an absolute path"));
    }
    if root.components().any(|c| c == Component::ParentDir) {
        return Err(bad_root(root, "has '..' in it"));
    }
    if root.as_os_str().as_bytes().contains(&0) {
        return Err(bad_root(root, "has a NUL byte in it"));
    }
    let normal: PathBuf = root.components().collect();
    if normal == Path::new("/") {
        Err(bad_root(root, "is the root directory"))
    } else {
        Ok(normal)
    }
}

fn bad_root(root: &Path, why: &str) -> Error {
    let text = format!("data root {:?} {why}", shown(root));
    Error::new(ErrorKind::BadRoot, text).at(root)
}

/// Opens a directory by a path that must not have a symlink in it.
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let inside = path
        .strip_prefix("/")
        .map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let top = retry_on_intr(|| openat(CWD, "/", DIRECTORY, Mode::empty()))?;
    if inside.as_os_str().is_empty() {
        Ok(top)
    } else {
        open_beneath(&top, inside)
    }
}

/// [`open_directory`] with a limit of time, because a server on the way may not answer.
pub(crate) fn open_answering(path: &Path) -> Result<OwnedFd, Error> {
    let asked = path.to_path_buf();
    match within(ANSWER_LIMIT, move || open_directory(&asked)) {
        None => Err(Error::no_answer("open", path)),
        Some(result) => result.map_err(|e| {
            let text = format!("open({:?})", shown(path));
            Error::new(ErrorKind::BadRoot, text).at(path).because(e)
        }),
    }
}

/// Opens a directory below another, by a relative path, without following a
/// symlink and without leaving it.
pub(crate) fn open_beneath(base: &OwnedFd, relative: &Path) -> io::Result<OwnedFd> {
    if relative.as_os_str().is_empty() {
        return base.try_clone();
    }
    if !WALK.load(Ordering::Relaxed) && relative.as_os_str().len() <= PATH_LIMIT {
        // No way out of the base: neither by `..` or an absolute path, nor by a link, nor by a
        // link of procfs that jumps.
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..AGAIN_LIMIT {
            match openat2(base, relative, DIRECTORY, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                // A filter may answer EPERM. If the file itself is meant, the walk is
                // refused as well.
                Err(Errno::NOSYS | Errno::PERM) => {
                    WALK.store(true, Ordering::Relaxed);
                    break;
                }
                Err(errno) => return Err(errno.into()),
                Ok(fd) => return Ok(fd),
            }
        }
    }
    walk_beneath(base, relative)
}

/// Does the same one component at a time, for kernels without `openat2`.
fn walk_beneath(base: &OwnedFd, relative: &Path) -> io::Result<OwnedFd> {
    // With O_PATH and O_NOFOLLOW alone a final link would be opened itself. O_DIRECTORY makes
    // that ENOTDIR.
    let flags = DIRECTORY | OFlags::NOFOLLOW;
    let mut at: Option<OwnedFd> = None;
    for component in relative.components() {
        let Component::Normal(name) = component else {
            // What `openat2` answers when a path would leave the base.
            return Err(io::Error::from_raw_os_error(libc::EXDEV));
        };
        let from = at.as_ref().unwrap_or(base);
        at = Some(retry_on_intr(|| openat(from, name, flags, Mode::empty()))?);
    }
    match at {
        Some(fd) => Ok(fd),
        None => base.try_clone(),
    }
}

/// Splits a path below the base into the directory that a mount lies in and its name.
pub(crate) fn split<'p>(base: &Path, mount_point: &'p Path) -> Option<(&'p Path, &'p OsStr)> {
    let relative = mount_point.strip_prefix(base).ok()?;
    let name = relative.file_name()?;
    (!name.as_bytes().is_empty()).then_some((relative.parent()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_below_a_directory() {
        let left = |path, base| relative(Path::new(path), Path::new(base)).map(Path::to_path_buf);
        for (path, base, expected) in [
            ("/r/a/b", "/r", Some("a/b")),
            ("/r", "/r", Some("")),
            ("/rest", "/r", None),
            ("/r//a/", "/r/", Some("a")),
            ("/r//a", "/r", Some("a")),
            ("/a", "/", Some("a")),
            ("/", "/r", None),
        ] {
            assert_eq!(
                left(path, base),
                expected.map(PathBuf::from),
                "{path} {base}"
            );
        }
    }
}

//! From a data root to a directory below it, without following a symlink.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use crate::error::{Error, ErrorKind};
use crate::path_text::shown;
use crate::plan::cleanup_plan::normal_root;

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// `openat2` answers EAGAIN when something was renamed while it looked.
const AGAIN_LIMIT: u32 = 64;
/// Longer paths are walked in pieces.
const PATH_LIMIT: usize = libc::PATH_MAX as usize - 1;

/// Set once `openat2` turns out not to be there (before Linux 5.6, or filtered).
static WALK: AtomicBool = AtomicBool::new(false);

/// Resolves a data root as a person names it to the path that the mount table has.
///
/// Symlinks are followed here, once, and nowhere after.
///
/// # Errors
///
/// [`ErrorKind::BadRoot`] if the root is relative, `/`, missing, or not a
/// directory.
pub fn resolve_root(root: &Path) -> Result<PathBuf, Error> {
    let refuse = |why: &str| {
        Error::new(
            ErrorKind::BadRoot,
            format!("data root {:?} {why}", shown(root)),
        )
        .at(root)
    };
    if !root.is_absolute() {
        return Err(refuse("is not an absolute path"));
    }
    let resolved =
        std::fs::canonicalize(root).map_err(|e| refuse("cannot be resolved").because(e))?;
    let metadata =
        std::fs::metadata(&resolved).map_err(|e| refuse("cannot be looked at").because(e))?;
    if !metadata.is_dir() {
        return Err(refuse("is not a directory"));
    }
    normal_root(&resolved)
}

/// Opens a directory by a path that must not have a symlink in it.
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let inside = path
        .strip_prefix("/")
        .map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let top = retry(|| openat(CWD, "/", DIRECTORY, Mode::empty()))?;
    if inside.as_os_str().is_empty() {
        Ok(top)
    } else {
        open_beneath(&top, inside)
    }
}

/// Opens a directory below another, by a relative path, without following a
/// symlink and without leaving it.
pub(crate) fn open_beneath(base: &OwnedFd, relative: &Path) -> io::Result<OwnedFd> {
    if relative.as_os_str().is_empty() {
        return base.try_clone();
    }
    if !WALK.load(Ordering::Relaxed) && relative.as_os_str().len() <= PATH_LIMIT {
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..AGAIN_LIMIT {
            match openat2(base, relative, DIRECTORY, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                // A filter may answer EPERM, which the walk will answer again if it is meant.
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

/// The same by one component at a time.
fn walk_beneath(base: &OwnedFd, relative: &Path) -> io::Result<OwnedFd> {
    let mut at: Option<OwnedFd> = None;
    for component in relative.components() {
        let Component::Normal(name) = component else {
            return Err(io::Error::from_raw_os_error(libc::EXDEV));
        };
        let from = at.as_ref().unwrap_or(base);
        at = Some(retry(|| {
            openat(from, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())
        })?);
    }
    match at {
        Some(fd) => Ok(fd),
        None => base.try_clone(),
    }
}

/// Calls again when a signal, or an interrupted FUSE server, cut the call short.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}

/// Splits a path below the root into the directory that a mount lies in and its name.
pub(crate) fn split<'p>(root: &Path, mount_point: &'p Path) -> Option<(&'p Path, &'p OsStr)> {
    let relative = mount_point.strip_prefix(root).ok()?;
    let name = relative.file_name()?;
    (!name.as_bytes().is_empty()).then_some((relative.parent()?, name))
}

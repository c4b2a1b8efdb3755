//! Resolves a path to the form that the mount table has: a path without links.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::error::Error;
use crate::kernel::procfs::Proc;

/// The path to which `path` leads, without links and `..`, seen from the calling thread's root
/// directory.
///
/// Mount tables have only such paths. Give the result to
/// [`MountTable::under`](crate::MountTable::under) and [`at`](crate::MountTable::at), which compare
/// texts and also show covered mounts. A link in the last component is followed. The path is opened
/// as a place. So no automount is triggered, and no file system is asked about the last component.
/// The directories above it are looked up as usual.
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such path.
///
/// # Examples
///
/// ```
/// let here = mountscan::resolve(".".as_ref()).unwrap();
/// assert_eq!(here, std::env::current_dir().unwrap().canonicalize().unwrap());
/// ```
pub fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let file = place(path)?;
    match path_of(&file) {
        Ok(path) => Ok(path),
        // Without procfs, the standard library follows link by link.
        Err(_) => path
            .canonicalize()
            .map_err(|cause| Error::at("realpath", path, cause)),
    }
}

/// Opens a place only: nothing mounted is touched.
pub(crate) fn place(path: &Path) -> Result<OwnedFd, Error> {
    let opened = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    opened.map_err(|cause| Error::at("open", path, cause.into()))
}

/// The path of an open file, without links.
pub(crate) fn path_of(file: &impl AsFd) -> Result<PathBuf, Error> {
    // The kernel knows the path of an open file. Its link in procfs shows it without any links.
    let proc = Proc::default().open()?;
    proc.link(format!("thread-self/fd/{}", file.as_fd().as_raw_fd()))
}

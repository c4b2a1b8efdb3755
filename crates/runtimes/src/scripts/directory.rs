//! Makes and opens the directory of scripts, checks its owner, and makes its entries durable.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{fsync, geteuid};

use super::calls::retry;
use crate::error::{Error, ErrorKind};

/// Opens the directory, and makes it first if it is missing.
pub(crate) fn open_or_make(path: &Path) -> Result<OwnedFd, Error> {
    match open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => {
            make(path)?;
            open(path)
        }
        other => other,
    }
}

/// Makes a directory, and the missing ones above it. The entry of each is made durable: otherwise a
/// crash could lose a directory whose scripts are durable.
fn make(path: &Path) -> Result<(), Error> {
    let above = path.parent().filter(|above| *above != Path::new(""));
    let above = above.unwrap_or(Path::new("."));
    // A umask can only take bits away from this mode, so others never get in.
    let mkdir = || DirBuilder::new().mode(0o700).create(path);
    let mut made = mkdir();
    if matches!(&made, Err(error) if error.kind() == io::ErrorKind::NotFound) {
        make(above)?;
        made = mkdir();
    }
    match made {
        Ok(()) => {}
        // Another process was faster. Its directory is checked when it is opened.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(Error::io("mkdir", path, error)),
    }
    match open(above) {
        Ok(dir) => sync(&dir, above),
        // A user may write to a directory that he may not read.
        Err(error) if error.raw_os_error() == Some(Errno::EACCES as i32) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a directory, for its entries and for fsync(2).
pub(crate) fn open(path: &Path) -> Result<OwnedFd, Error> {
    // Without O_DIRECTORY the open of a FIFO would wait for a writer.
    let flags = OFlag::O_DIRECTORY.bits();
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(file.into()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let what = format!("script directory {path:?} is not a directory");
            Err(Error::new(ErrorKind::UnsafeDirectory, what)
                .at(path)
                .because(error))
        }
        Err(error) => Err(Error::io("open", path, error)),
    }
}

/// The metadata of an open file. The standard library asks for 64-bit numbers on every machine.
/// Plain fstat(2) fails on 32 bits if the inode's number is larger.
pub(crate) fn metadata(fd: impl AsFd) -> io::Result<Metadata> {
    // A filter of system calls can answer EINTR even to a call that never sleeps.
    let copy = retry(|| {
        let copy = fd.as_fd().try_clone_to_owned();
        copy.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
    });
    File::from(copy?).metadata()
}

pub(crate) fn check_owner(dir: &OwnedFd, path: &Path) -> Result<(), Error> {
    let metadata = metadata(dir).map_err(|cause| Error::io("fstat", path, cause))?;
    let what = match (is_trusted(metadata.uid()), metadata.mode() & 0o022) {
        (true, 0) => return Ok(()),
        (true, _) => {
            let mode = metadata.mode() & 0o7777;
            format!("script directory {path:?} may be written by others (mode {mode:o}, wants 700)")
        }
        (false, _) => format!(
            "script directory {path:?} belongs to user {}",
            metadata.uid()
        ),
    };
    Err(Error::new(ErrorKind::UnsafeDirectory, what).at(path))
}

/// Whether this owner may decide which programs run with our privileges: root, or this user.
pub(crate) fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == geteuid().as_raw()
}

/// Makes new entries of a directory durable. Some filesystems cannot and need not.
pub(crate) fn sync(dir: &OwnedFd, path: &Path) -> Result<(), Error> {
    match retry(|| fsync(dir)) {
        Ok(()) | Err(Errno::EINVAL | Errno::ENOTSUP) => Ok(()),
        Err(errno) => Err(Error::io("fsync", path, errno)),
    }
}

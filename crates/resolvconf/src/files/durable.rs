//! Files that are there whole or not at all, whatever is cut off when; and one writer at a time.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{Error, ErrorKind};

/// How long another writer of the same file is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Keeps other writers out until it is dropped.
///
/// The lock is on the directory: a container can reach the file, and could lock that for ever.
pub(crate) fn lock_directory_of(path: &Path) -> Result<OwnedFd, Error> {
    let directory = open_directory(parent(path))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            // A file system without locks: writers there must agree among themselves.
            Ok(()) | Err(Errno::NOTSUP | Errno::NOLCK | Errno::INVAL | Errno::NOSYS) => {
                return Ok(directory);
            }
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(Errno::WOULDBLOCK) => {
                return Err(Error::about(
                    ErrorKind::Busy,
                    path,
                    "another writer does not finish",
                ));
            }
            Err(errno) => return Err(Error::io("flock", parent(path), errno)),
        }
    }
}

/// Puts a file in place by temporary file and rename. Call with the directory locked.
///
/// The temporary name is always the same, so a kill leaves one file, which [`tidy`] knows.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> Result<(), Error> {
    let temporary = temporary(path);
    let done = create(&temporary, bytes, mode, durable).and_then(|()| {
        let renamed = retry(|| rustix::fs::renameat(CWD, &temporary, CWD, path));
        renamed.map_err(|errno| Error::io("rename", &temporary, errno))
    });
    if done.is_err() {
        // The error that is returned says more than one about the temporary file would.
        let _ = retry(|| rustix::fs::unlink(&temporary));
    }
    done?;
    if durable {
        sync_directory(parent(path))?;
    }
    Ok(())
}

/// Takes away what a [`replace`] that was killed left. Call with the directory locked, and before any
/// other step, for that may find that there is nothing to replace.
pub(crate) fn tidy(path: &Path) {
    // Mostly there is nothing. What cannot be taken away makes the next `replace` fail, and say so.
    let _ = retry(|| rustix::fs::unlink(temporary(path)));
}

fn temporary(path: &Path) -> PathBuf {
    beside(path, ".resolvconf.tmp")
}

fn create(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> Result<(), Error> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = retry(|| rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR))
        .map_err(|errno| Error::io("open", path, errno))?;
    write_all_at(path, &fd, bytes, 0)?;
    retry(|| rustix::fs::fchmod(&fd, Mode::from_raw_mode(mode)))
        .map_err(|errno| Error::io("fchmod", path, errno))?;
    if durable {
        retry(|| rustix::fs::fsync(&fd)).map_err(|errno| Error::io("fsync", path, errno))?;
    }
    Ok(())
}

/// Writes all of it, at an offset.
pub(crate) fn write_all_at(
    path: &Path,
    fd: &OwnedFd,
    mut bytes: &[u8],
    mut offset: u64,
) -> Result<(), Error> {
    while !bytes.is_empty() {
        let written = match rustix::io::pwrite(fd, bytes, offset) {
            Err(Errno::INTR) => continue,
            Ok(0) => Err(Errno::NOSPC),
            answer => answer,
        };
        let written = written.map_err(|errno| Error::io("pwrite", path, errno))?;
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}

/// Calls again after an interrupting signal.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}

/// The path with a suffix to its last name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn sync_directory(path: &Path) -> Result<(), Error> {
    let directory = open_directory(path)?;
    match retry(|| rustix::fs::fsync(&directory)) {
        // Some file systems cannot sync a directory, and need not.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(errno) => Err(Error::io("fsync", path, errno)),
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry(|| rustix::fs::open(path, flags, Mode::empty()))
        .map_err(|errno| Error::io("open", path, errno))
}

fn parent(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

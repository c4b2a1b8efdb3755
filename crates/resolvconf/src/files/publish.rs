//! Puts files in place so that they exist whole or not at all, even if the work is cut off. One
//! writer at a time.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};
use crate::files::place::Place;

/// How long to wait for another writer of the same file.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Keeps other writers out until the directory of the place is closed.
///
/// The lock is on the directory, because a container can reach the file and could lock it for ever.
pub(crate) fn lock_directory_of(place: &Place) -> Result<(), Error> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    let lock = FlockOperation::NonBlockingLockExclusive;
    loop {
        match retry_on_intr(|| rustix::fs::flock(place.directory(), lock)) {
            // This file system has no locks. Writers there must agree among themselves.
            Ok(()) | Err(Errno::NOTSUP | Errno::NOLCK | Errno::INVAL | Errno::NOSYS) => {
                return Ok(());
            }
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(Errno::WOULDBLOCK) => {
                let why = "another writer does not finish";
                return Err(Error::about(ErrorKind::Busy, "flock", place.path(), why));
            }
            Err(errno) => return Err(place.error("flock", errno)),
        }
    }
}

/// Puts a file in place with a temporary file and a rename. Call it with the directory locked.
///
/// The temporary name is always the same. So a killed process leaves at most one file, and [`tidy`]
/// knows its name. `O_EXCL` makes sure that a link or FIFO under that name is never opened.
pub(crate) fn replace(place: &Place, bytes: &[u8], mode: u32, durable: bool) -> Result<(), Error> {
    let temporary = temporary(place);
    let directory = place.directory();
    let done = create(place, &temporary, bytes, mode, durable).and_then(|file| {
        retry_on_intr(|| rustix::fs::renameat(directory, &temporary, directory, place.name()))
            .map_err(|errno| place.error("renameat", errno))?;
        check_identity(place, &file)
    });
    if done.is_err() {
        // If this fails, too, the first error says more than a second one would.
        tidy(place);
    }
    done?;
    if durable {
        sync_directory(place)?;
    }
    Ok(())
}

/// Removes the file that a killed [`replace`] left. Call it with the directory locked, before any
/// other step: such a step may end without a call to `replace`.
pub(crate) fn tidy(place: &Place) {
    // Usually there is no such file. If one cannot be removed, the next `replace` fails and says
    // so.
    let name = temporary(place);
    let _ = retry_on_intr(|| rustix::fs::unlinkat(place.directory(), &name, AtFlags::empty()));
}

fn temporary(place: &Place) -> OsString {
    let mut name = place.name().to_owned();
    name.push(".resolvconf.tmp");
    name
}

fn create(
    place: &Place,
    name: &OsString,
    bytes: &[u8],
    mode: u32,
    durable: bool,
) -> Result<OwnedFd, Error> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let create = || {
        let mode = Mode::RUSR | Mode::WUSR;
        retry_on_intr(|| rustix::fs::openat(place.directory(), name, flags, mode))
    };
    let opened = match create() {
        // Someone has made a file with the temporary name after it was removed.
        Err(Errno::EXIST) => {
            tidy(place);
            create()
        }
        answer => answer,
    };
    let fd = opened.map_err(|errno| place.error("openat", errno))?;
    write_all_at(place.path(), &fd, bytes, 0)?;
    // The umask cuts the mode of openat(2), but not the one of fchmod(2).
    retry_on_intr(|| rustix::fs::fchmod(&fd, Mode::from_raw_mode(mode)))
        .map_err(|errno| place.error("fchmod", errno))?;
    if durable {
        // Before the rename: after a power cut the name could else lead to an empty file.
        retry_on_intr(|| rustix::fs::fsync(&fd)).map_err(|errno| place.error("fsync", errno))?;
    }
    Ok(fd)
}

/// Checks that the name leads to the file that was written. In a directory where others may write,
/// somebody may have renamed another file over the temporary name.
fn check_identity(place: &Place, file: &OwnedFd) -> Result<(), Error> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    let named = retry_on_intr(|| rustix::fs::statat(place.directory(), place.name(), flags));
    let written = retry_on_intr(|| rustix::fs::fstat(file));
    let named = named.map_err(|errno| place.error("statat", errno))?;
    let written = written.map_err(|errno| place.error("fstat", errno))?;
    if (named.st_dev, named.st_ino) == (written.st_dev, written.st_ino) {
        return Ok(());
    }
    let why = "another file took its place";
    Err(Error::about(ErrorKind::Busy, "renameat", place.path(), why))
}

/// Writes all bytes, beginning at an offset.
pub(crate) fn write_all_at(
    path: &Path,
    fd: &OwnedFd,
    mut bytes: &[u8],
    mut offset: u64,
) -> Result<(), Error> {
    while !bytes.is_empty() {
        let written = match retry_on_intr(|| rustix::io::pwrite(fd, bytes, offset)) {
            Ok(0) => Err(Errno::NOSPC),
            answer => answer,
        };
        let written = written.map_err(|errno| Error::io("pwrite", path, errno))?;
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}

fn sync_directory(place: &Place) -> Result<(), Error> {
    match retry_on_intr(|| rustix::fs::fsync(place.directory())) {
        // Some file systems cannot sync a directory, and do not need it.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(errno) => Err(place.error("fsync", errno)),
    }
}

//! Opens and reads files. A FIFO or a device never makes it wait.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};

/// How long an open waits for a writer that holds a lease.
const LEASE_PATIENCE: Duration = Duration::from_secs(1);

/// Opens without blocking. A FIFO that took the file's place is refused by [`check_type`].
///
/// A writer may hold a lease while it rewrites the file. The kernel then refuses an open with
/// `O_NONBLOCK` instead of delaying it, so the open is tried again.
pub(crate) fn unleased(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    // O_NONBLOCK: a FIFO without a writer does not block. O_NOCTTY: a terminal does not become
    // ours.
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let deadline = Instant::now() + LEASE_PATIENCE;
    loop {
        match retry_on_intr(|| rustix::fs::openat(at, name, flags, Mode::empty())) {
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                thread::sleep(Duration::from_micros(200));
            }
            answer => return answer,
        }
    }
}

/// All bytes of an open file, from its start.
pub(crate) fn read_all(path: &Path, fd: &OwnedFd, limit: u64) -> Result<Vec<u8>, Error> {
    let stat =
        retry_on_intr(|| rustix::fs::fstat(fd)).map_err(|errno| Error::io("fstat", path, errno))?;
    check_type(path, stat.st_mode)?;
    let too_large = || {
        let why = format!("larger than {limit} bytes");
        Error::about(ErrorKind::TooLarge, "read", path, &why)
    };
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size > limit {
        return Err(too_large());
    }
    // One byte more than the size shows whether the file is larger: it may grow, and a file in
    // /proc has size 0.
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0) + 1];
    let mut filled = 0;
    loop {
        // pread(2) leaves the offset alone, so the same descriptor can be read again from the
        // start.
        let read = retry_on_intr(|| rustix::io::pread(fd, &mut bytes[filled..], filled as u64));
        match read.map_err(|errno| Error::io("pread", path, errno))? {
            0 => break,
            read => filled += read,
        }
        if filled as u64 > limit {
            return Err(too_large());
        }
        if filled == bytes.len() {
            bytes.resize(filled * 2 + 4096, 0);
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Refuses what is not a regular file.
pub(crate) fn check_type(path: &Path, mode: u32) -> Result<(), Error> {
    let found = match FileType::from_raw_mode(mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "a directory, not a file",
        FileType::Fifo => "a FIFO, not a file",
        FileType::Socket => "a socket, not a file",
        FileType::Symlink => "a symbolic link, not a file",
        _ => "a device, not a file",
    };
    Err(Error::about(ErrorKind::NotAFile, "open", path, found))
}

//! A path in, a document out. Never blocks on what is not a file.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::files::durable;

/// The size above which a file is refused unless the caller says otherwise: 1 MiB.
pub const DEFAULT_SIZE_LIMIT: u64 = 1 << 20;

/// How long an open may be held off by a writer that keeps readers out for a moment.
const LEASE_PATIENCE: Duration = Duration::from_secs(1);

/// Reads and parses a resolv.conf file of at most [`DEFAULT_SIZE_LIMIT`] bytes.
///
/// Symbolic links are followed. A file that does not exist, or a link to one, is an empty document
/// that [says so](Document::is_missing).
///
/// # Errors
///
/// [`ErrorKind::TooLarge`] above the limit, [`ErrorKind::NotAFile`] for a directory, FIFO, socket
/// or device (none of which is waited for), [`ErrorKind::Io`] when it cannot be opened or read.
///
/// # Examples
///
/// ```
/// let document = resolvconf::load("/nonexistent/resolv.conf".as_ref())?;
/// assert!(document.is_missing());
/// # Ok::<(), resolvconf::Error>(())
/// ```
pub fn load(path: &Path) -> Result<Document, Error> {
    load_within(path, DEFAULT_SIZE_LIMIT)
}

/// [`load`] with another size limit, in bytes.
///
/// # Errors
///
/// As for [`load`].
pub fn load_within(path: &Path, limit: u64) -> Result<Document, Error> {
    let bytes = read(path, limit)?;
    Ok(bytes.map_or_else(Document::missing, Document::from))
}

/// The bytes of a regular file; `None` when there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    // Looked at before it is opened: opening a device may act on it.
    match durable::retry(|| rustix::fs::stat(path)) {
        Ok(stat) => check_type(path, stat.st_mode)?,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(Error::io("stat", path, errno)),
    }
    match open_unleased(path, OFlags::RDONLY) {
        Ok(fd) => read_fd(path, &fd, limit).map(Some),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Error::io("open", path, errno)),
    }
}

/// All bytes of an open file, from its start.
pub(crate) fn read_fd(path: &Path, fd: &OwnedFd, limit: u64) -> Result<Vec<u8>, Error> {
    let stat = durable::retry(|| rustix::fs::fstat(fd))
        .map_err(|errno| Error::io("fstat", path, errno))?;
    check_type(path, stat.st_mode)?;
    let too_large = || {
        Error::about(
            ErrorKind::TooLarge,
            path,
            &format!("larger than {limit} bytes"),
        )
    };
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size > limit {
        return Err(too_large());
    }
    // One byte more than the limit tells a file that grows, or one of /proc, from one that fits.
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0) + 1];
    let mut filled = 0;
    loop {
        match rustix::io::pread(fd, &mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::io("pread", path, errno)),
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

pub(crate) fn check_type(path: &Path, mode: u32) -> Result<(), Error> {
    let found = match FileType::from_raw_mode(mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "a directory, not a file",
        FileType::Fifo => "a FIFO, not a file",
        FileType::Socket => "a socket, not a file",
        _ => "a device, not a file",
    };
    Err(Error::about(ErrorKind::NotAFile, path, found))
}

/// Opens without blocking; a FIFO that took the file's place is refused after.
///
/// A writer may hold a lease for the instant of its rewrite. An open that does not block is then
/// refused instead of delayed, so it is tried again.
pub(crate) fn open_unleased(path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let deadline = Instant::now() + LEASE_PATIENCE;
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                thread::sleep(Duration::from_micros(200));
            }
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}

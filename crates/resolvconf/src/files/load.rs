//! Reads a document from a path. A FIFO or a device never makes it wait.

use std::path::Path;

use rustix::fs::{CWD, FileType, OFlags, Stat, makedev};
use rustix::io::{Errno, retry_on_intr};

use crate::document::Document;
use crate::error::Error;
use crate::files::open;

/// The size above which a file is refused unless the caller says otherwise: 1 MiB.
pub const DEFAULT_SIZE_LIMIT: u64 = 1 << 20;

/// Reads and parses a resolv.conf file of at most [`DEFAULT_SIZE_LIMIT`] bytes.
///
/// Symbolic links are followed. A file that does not exist gives an empty document that [says
/// so](Document::is_missing). A link to such a file does the same.
///
/// # Errors
///
/// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) above the limit.
/// [`ErrorKind::NotAFile`](crate::ErrorKind::NotAFile), at once, for a directory, FIFO, socket or
/// device other than `/dev/null`, which is an empty file. [`ErrorKind::Io`](crate::ErrorKind::Io)
/// when it cannot be opened or read.
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

/// Whether this is the device `/dev/null`.
fn is_null(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
        && stat.st_rdev == makedev(1, 3)
}

/// The bytes of a regular file; none for `/dev/null`. `None` if it does not exist.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    // The type is checked before the open, because opening a device may act on it. It is checked
    // again on the open file.
    match retry_on_intr(|| rustix::fs::stat(path)) {
        // A link to it masks the file: every reader sees an empty one.
        Ok(stat) if is_null(&stat) => return Ok(Some(Vec::new())),
        Ok(stat) => open::check_type(path, stat.st_mode)?,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(Error::io("stat", path, errno)),
    }
    match open::unleased(CWD, path.as_os_str(), OFlags::RDONLY) {
        Ok(fd) => open::read_all(path, &fd, limit).map(Some),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Error::io("open", path, errno)),
    }
}

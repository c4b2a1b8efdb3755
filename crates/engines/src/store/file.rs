//! Reads the small files and directories of a store.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::unread::Unread;

/// The largest store file that is read: enough for some 100 000 containers.
const LIMIT: u64 = 64 << 20;

/// The text of a regular file; `None` if it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Unread> {
    let failed = |error: io::Error| Unread::io(path, &error);
    let mut options = OpenOptions::new();
    // If a pipe has taken the file's place, open(2) without O_NONBLOCK waits for ever for a writer.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = match options.open(path) {
        Err(error) if is_missing(&error) => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    // The open file is asked, not the path: the path may lead to another file by now.
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(Unread::new(path, "it is not a regular file"));
    }
    let mut text = Vec::new();
    // One byte more than the limit shows that the file is larger, even if it grows meanwhile.
    let read = file.take(LIMIT + 1).read_to_end(&mut text);
    read.map_err(failed)?;
    if text.len() as u64 > LIMIT {
        return Err(Unread::new(path, "it is larger than 64 MiB"));
    }
    Ok(Some(text))
}

/// The names in a directory; empty if it does not exist.
pub(super) fn names(directory: &Path) -> Result<Vec<OsString>, Unread> {
    let names = match fs::read_dir(directory) {
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
    };
    names.map_err(|error: io::Error| Unread::io(directory, &error))
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

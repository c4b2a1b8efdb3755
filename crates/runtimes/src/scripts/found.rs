//! Compares the file that has a script's name with the script.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::calls::retry;
use super::directory::is_trusted;
use super::script::Script;
use crate::error::Error;

/// The file that has a script's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The script, whole and executable.
    Same,
    /// Nothing.
    Absent,
    /// Something else.
    Corrupt,
}

/// Compares the file that has the script's name with the script. Follows no symlink.
pub(crate) fn find(dir: impl AsFd, path: &Path, script: &Script) -> Result<Found, Error> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let error = |call, source: io::Error| Error::io(call, &path.join(script.file_name()), source);
    let opened = retry(|| openat(dir.as_fd(), script.file_name(), flags, Mode::empty()));
    let file = match opened {
        Ok(fd) => File::from(fd),
        Err(Errno::ENOENT) => return Ok(Found::Absent),
        // These errors come from a symlink, a socket, a device without driver, a file without
        // permission.
        Err(Errno::ELOOP | Errno::ENXIO | Errno::ENODEV | Errno::EACCES) => {
            return Ok(Found::Corrupt);
        }
        Err(errno) => return Err(error("open", errno.into())),
    };
    let metadata = file.metadata().map_err(|cause| error("fstat", cause))?;
    let mode = metadata.mode();
    // Readable and executable for its owner, writable for no one else, no set-id bits.
    let runs = mode & 0o500 == 0o500 && mode & 0o7022 == 0;
    let whole = metadata.len() == script.text().len() as u64;
    if !(metadata.is_file() && runs && whole && is_trusted(metadata.uid())) {
        return Ok(Found::Corrupt);
    }
    let mut text = Vec::with_capacity(script.text().len() + 1);
    let read = file
        .take(script.text().len() as u64 + 1)
        .read_to_end(&mut text);
    read.map_err(|source| error("read", source))?;
    Ok(if text == script.text() {
        Found::Same
    } else {
        Found::Corrupt
    })
}

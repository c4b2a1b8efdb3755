//! Reads files up to a limit, and only regular files, because reading those must end.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::retry_on_intr;

/// A regular file's content, and when it was last written, in seconds since the epoch.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) written: i64,
}

/// Reads a regular file of at most `limit` bytes. A FIFO, a device or a socket is an error,
/// so that a planted one cannot make the caller wait.
pub(crate) fn read_regular(path: &Path, limit: u64) -> io::Result<Content> {
    // Without O_NONBLOCK the open of a FIFO waits for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = retry_on_intr(|| open(path, flags, Mode::empty()))?;
    // On the open file, not on the path: the path could name another file by now.
    let stat = fstat(&fd)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::from(fd)
        // One byte more than the limit, to see that a file is too long. The size in `stat` does
        // not help: files of procfs have size 0.
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let text = format!("it is longer than {limit} bytes");
        return Err(io::Error::other(text));
    }
    // The type differs between processors.
    #[allow(clippy::unnecessary_cast)]
    let written = stat.st_mtime as i64;
    Ok(Content { bytes, written })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_refused_at_once_and_the_limit_is_exact() {
        let temp = tempfile::tempdir().unwrap();
        let fifo = temp.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        for path in [&fifo, Path::new("/dev/zero"), temp.path()] {
            let error = read_regular(path, 10).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file");
        }
        let file = temp.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_regular(&file, 5).unwrap().bytes, b"12345");
        assert!(read_regular(&file, 4).is_err());
    }
}

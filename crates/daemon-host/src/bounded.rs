//! Reads files up to a limit, and only regular files, because reading those must end.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

use crate::error::{Error, ErrorKind};

/// The longest daemon.json that is read. Ten thousand runtimes take two megabytes.
pub const MAX_CONFIG_LENGTH: u64 = 16 << 20;

/// Reads a regular file of at most `limit` bytes.
///
/// A FIFO, a device or a socket is refused, so that a planted one cannot make the caller
/// wait for ever.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] when it is not a regular file or longer than `limit`;
/// [`ErrorKind::Denied`] and [`ErrorKind::Io`] when it cannot be read.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    // Without O_NONBLOCK the open of a FIFO waits for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = open(path, flags, Mode::empty());
    let file = opened.map_err(|errno| Error::io(format!("open({path:?})"), errno.into()))?;
    // On the open file, not on the path: the path could name another file by now.
    check_regular(&file, path)?;
    let file = File::from(file);
    // Without a size the memory would grow by doubling. A size of procfs is 0 and says nothing.
    let size = file.metadata().map_or(0, |file| file.len());
    let size = usize::try_from(size.min(limit).min(MAX_CONFIG_LENGTH)).unwrap_or(0);
    let mut content = Vec::with_capacity(size.saturating_add(1));
    let read = file
        // One byte more than the limit, to see that a file is too long. The size in `stat` does
        // not help: files of procfs have size 0.
        .take(limit.saturating_add(1))
        .read_to_end(&mut content);
    read.map_err(|error| Error::io(format!("read({path:?})"), error))?;
    if content.len() as u64 > limit {
        let what = format!("{path:?} is longer than {limit} bytes");
        return Err(Error::new(ErrorKind::InvalidInput, what));
    }
    Ok(content)
}

/// Refuses everything but a regular file.
pub(crate) fn check_regular(file: impl AsFd, path: &Path) -> Result<(), Error> {
    let stat = fstat(file)
        .map_err(|errno| Error::io(format!("fstat({path:?})"), io::Error::from(errno)))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        other => {
            let what = format!("{path:?} is {}, not a regular file", words(other));
            Err(Error::new(ErrorKind::InvalidInput, what))
        }
    }
}

/// A kind of file in words.
pub(crate) fn words(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        FileType::Unknown => "a file of an unknown kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_refused_at_once() {
        let temp = tempfile::tempdir().unwrap();
        let fifo = temp.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        for path in [&fifo, Path::new("/dev/zero"), temp.path()] {
            let error = read_bounded(path, 10).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
    }

    #[test]
    fn the_limit_is_exact() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        let error = read_bounded(&path, 4).unwrap_err();
        assert!(error.to_string().contains("longer than 4 bytes"), "{error}");
        let missing = read_bounded(&temp.path().join("no"), 5).unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(2));
    }
}

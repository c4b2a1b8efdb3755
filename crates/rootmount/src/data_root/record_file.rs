//! Reads, writes and removes the ownership record on disk, always whole.
//!
//! The record is in the exec root, where moby has its marker. A copy is in the data root. So
//! the daemon still knows its mount when its exec root was moved.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, fchmod, fstat, fsync, openat, renameat, statat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::geteuid;

use crate::data_root::record::{RECORD_NAME, Record, RecordFile};
use crate::error::{Error, ErrorKind};
use crate::log::warning;
use crate::path_text::shown;

/// Name of the copy in the data root.
const COPY_NAME: &str = ".unmount-on-shutdown";
/// Suffix of a file that is being written; a leftover is overwritten.
const NEW_SUFFIX: &str = ".new";
/// Suffix of a file that is not a record and was moved out of the way.
const CORRUPT_SUFFIX: &str = ".corrupt";
/// A record is a few hundred bytes; a path has at most 4 KiB, escaped four times that.
const SIZE_LIMIT: u64 = 64 * 1024;

/// The two places of a record.
pub(crate) struct RecordStore<'a> {
    pub(crate) exec_root: &'a Path,
    pub(crate) data_root: &'a Path,
}

impl RecordStore<'_> {
    fn original(&self) -> PathBuf {
        self.exec_root.join(RECORD_NAME)
    }

    fn copy(&self) -> PathBuf {
        self.data_root.join(COPY_NAME)
    }

    pub(crate) fn read_original(&self) -> Result<RecordFile, Error> {
        read(&self.original())
    }

    /// Reads the copy. If the data root cannot be read, the copy counts as corrupt.
    pub(crate) fn read_copy(&self) -> RecordFile {
        read(&self.copy()).unwrap_or_else(|e| RecordFile::Corrupt(e.to_string()))
    }

    /// Writes both. The copy may fail: the original is what counts.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Error> {
        self.write_original(record)?;
        if let Err(_error) = write(&self.copy(), &record.to_bytes()) {
            warning!(path = %shown(&self.copy()), error = %_error, "no copy of the ownership record in the data root");
        }
        Ok(())
    }

    pub(crate) fn write_original(&self, record: &Record) -> Result<(), Error> {
        let path = self.original();
        let describe = |e: io::Error| record_error("write", &path, e);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.exec_root)
            .map_err(describe)?;
        write(&path, &record.to_bytes()).map_err(describe)
    }

    /// Removes both. It is fine if there is none. The copy goes first: as long as the original
    /// is there, the next start knows that there is something to remove.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let path = self.copy();
        remove(&path).map_err(|e| record_error("unlink", &path, e))?;
        self.remove_original()
    }

    /// Removes files that a crash in the middle of a write left behind.
    pub(crate) fn tidy(&self) {
        for path in [self.copy(), self.original()] {
            // The next write overwrites it; it only must not stay for ever.
            let _ = std::fs::remove_file(with_suffix(&path, NEW_SUFFIX));
        }
    }

    pub(crate) fn remove_original(&self) -> Result<(), Error> {
        let path = self.original();
        remove(&path).map_err(|e| record_error("unlink", &path, e))
    }

    /// Moves an original that is not a record out of the way. A person can still look at it.
    pub(crate) fn set_aside(&self) -> Result<(), Error> {
        let path = self.original();
        let aside = with_suffix(&path, CORRUPT_SUFFIX);
        std::fs::rename(&path, &aside).map_err(|e| record_error("rename", &path, e))
    }
}

fn record_error(call: &str, path: &Path, cause: io::Error) -> Error {
    Error::new(
        ErrorKind::Record,
        format!("{call}(ownership record {:?})", shown(path)),
    )
    .at(path)
    .because(cause)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// Reads a record file. It is believed only if it is a regular file that no other user can have
/// written.
pub(crate) fn read(path: &Path) -> Result<RecordFile, Error> {
    // NONBLOCK: the open of a planted FIFO must not wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match retry_on_intr(|| openat(CWD, path, flags, Mode::empty())) {
        Ok(fd) => fd,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(RecordFile::Absent),
        Err(Errno::LOOP) => return Ok(RecordFile::Corrupt("it is a symlink".to_owned())),
        Err(Errno::PERM | Errno::ACCESS) => return Ok(RecordFile::Unreadable),
        Err(e) => return Err(record_error("read", path, e.into())),
    };
    let describe = |e: io::Error| record_error("read", path, e);
    // The owner and the mode of the open file. A look at the path could be answered by another
    // file.
    if let Some(why) = distrust(&file).map_err(describe)? {
        return Ok(RecordFile::Corrupt(why.to_owned()));
    }
    let mut bytes = Vec::new();
    File::from(file)
        .take(SIZE_LIMIT)
        .read_to_end(&mut bytes)
        .map_err(describe)?;
    Ok(match bytes.as_slice() {
        [] => RecordFile::Moby,
        text => Record::from_bytes(text).map_or_else(RecordFile::Corrupt, RecordFile::Written),
    })
}

/// Why the file is not believed; `None` if it is.
fn distrust(file: &OwnedFd) -> io::Result<Option<&'static str>> {
    let stat = fstat(file)?;
    let why = if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        Some("it is not a regular file")
    } else if stat.st_uid != 0 && stat.st_uid != geteuid().as_raw() {
        Some("it belongs to another user")
    } else if stat.st_mode & 0o022 != 0 {
        Some("others may write it")
    } else {
        None
    };
    Ok(why)
}

/// Replaces a file as a whole. A reader sees the old content or the new one, also after a
/// crash. The directory is opened once and not looked up again.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (directory, name) = open_parent(path)?;
    let mut new = name.to_os_string();
    new.push(NEW_SUFFIX);
    // A leftover of a crash; an open file of that name may have another mode.
    let _ = unlinkat(&directory, &new, AtFlags::empty());
    let publish = || {
        write_new(&directory, &new, bytes)?;
        retry_on_intr(|| renameat(&directory, &new, &directory, name))?;
        // The new name is on disk only when the directory is.
        Ok(retry_on_intr(|| fsync(&directory))?)
    };
    let result = publish();
    if result.is_err() {
        let _ = unlinkat(&directory, &new, AtFlags::empty());
    }
    result
}

fn write_new(directory: &OwnedFd, name: &OsStr, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let fd = retry_on_intr(|| openat(directory, name, flags, mode))?;
    // The umask can have taken bits away.
    retry_on_intr(|| fchmod(&fd, mode))?;
    let mut file = File::from(fd);
    file.write_all(bytes)?;
    Ok(retry_on_intr(|| fsync(&file))?)
}

fn remove(path: &Path) -> io::Result<()> {
    let (directory, name) = match open_parent(path) {
        Ok(opened) => opened,
        Err(e) if is_missing(&e) => return Ok(()),
        Err(e) => return Err(e),
    };
    match retry_on_intr(|| unlinkat(&directory, name, AtFlags::empty())) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
        // A directory is no record of ours.
        Err(Errno::ISDIR) => Ok(()),
        // The kernel says so before it looks whether there is such a file.
        Err(Errno::ROFS) if !exists(&directory, name) => Ok(()),
        Err(e) => Err(e.into()),
        Ok(()) => Ok(retry_on_intr(|| fsync(&directory))?),
    }
}

fn exists(directory: &OwnedFd, name: &OsStr) -> bool {
    let stat = retry_on_intr(|| statat(directory, name, AtFlags::SYMLINK_NOFOLLOW));
    !matches!(stat, Err(Errno::NOENT | Errno::NOTDIR))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

fn open_parent(path: &Path) -> io::Result<(OwnedFd, &OsStr)> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let parent = path.parent().ok_or_else(invalid)?;
    let name = path.file_name().ok_or_else(invalid)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok((
        retry_on_intr(|| openat(CWD, parent, flags, Mode::empty()))?,
        name,
    ))
}

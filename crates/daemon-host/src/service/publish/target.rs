//! The directory of a file to be published, and what is there now under its name.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use runtimes::answers_within;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat, unlinkat};
use rustix::io::Errno;

use crate::bounded::words;
use crate::error::{Error, ErrorKind};
use crate::within::{ANSWER_LIMIT, no_answer};

/// An open directory, and the name of one file in it.
#[derive(Debug)]
pub(crate) struct Directory {
    dir: OwnedFd,
    name: OsString,
    path: PathBuf,
}

/// What is in a directory under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing.
    Absent,
    /// A regular file with this identity.
    File(Identity),
    /// Something else: it is never replaced.
    Other(FileType),
}

/// Device and inode. They identify a file as long as it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self(stat.st_dev, stat.st_ino)
    }

    pub(crate) fn of_file(file: impl AsFd) -> io::Result<Self> {
        Ok(Self::of(&fstat(file)?))
    }
}

impl Directory {
    /// Opens the directory that `path` lies in.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let Some(name) = path.file_name() else {
            let what = format!("{path:?} does not name a file");
            return Err(Error::new(ErrorKind::InvalidInput, what));
        };
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        // A thread that waits for a server of FUSE keeps the whole process from ending.
        if !answers_within(ANSWER_LIMIT, path) {
            return Err(no_answer(path));
        }
        // Not O_PATH: flock and fsync refuse such a descriptor.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(rustix::fs::CWD, parent, flags, Mode::empty());
        Ok(Self {
            dir: dir.map_err(|errno| Error::io(format!("open({parent:?})"), errno.into()))?,
            name: name.to_owned(),
            path: path.to_owned(),
        })
    }

    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    /// The path as the caller gave it, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is there now. A symbolic link is not followed.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        // A rename would replace the link itself, so the link is what counts.
        match statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(Target::Absent),
            Err(errno) => Err(self.failed("stat", errno)),
            Ok(stat) => Ok(match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Target::File(Identity::of(&stat)),
                other => Target::Other(other),
            }),
        }
    }

    /// Removes the file if it is still the one that is meant. Returns whether it was.
    pub(crate) fn remove(&self, meant: Identity) -> Result<bool, Error> {
        // There is no call that removes a name only if it leads to a certain file. Looking
        // right before is the best there is.
        let there = statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        match there {
            Ok(stat) if Identity::of(&stat) == meant => {
                let removed = unlinkat(&self.dir, &self.name, AtFlags::empty());
                removed.map_err(|errno| self.failed("unlink", errno))?;
                Ok(true)
            }
            Ok(_) | Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.failed("stat", errno)),
        }
    }

    /// The refusal to replace something that is not what it should be.
    pub(crate) fn not_replaced(&self, kind: FileType) -> Error {
        let what = format!("{:?} is {}; it is not replaced", self.path, words(kind));
        Error::new(ErrorKind::InvalidInput, what)
    }

    pub(crate) fn failed(&self, call: &str, errno: Errno) -> Error {
        Error::io(format!("{call}({:?})", self.path), errno.into())
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

//! A name in an open directory. Later calls use this directory, even if the path leads elsewhere by
//! then.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};
use crate::files::open;

/// A name in an open directory.
#[derive(Debug)]
pub(crate) struct Place {
    directory: OwnedFd,
    name: OsString,
    /// For messages only.
    path: PathBuf,
}

impl Place {
    /// The place of a path. Symbolic links in its directories are followed, as open(2) does.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let name = path.file_name().ok_or_else(|| not_a_name(path))?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Not O_PATH: flock(2) and fsync(2) refuse such a descriptor.
        let directory = open_directory(CWD, parent.as_os_str(), OFlags::RDONLY)
            .map_err(|errno| Error::io("open", parent, errno))?;
        Ok(Self {
            directory,
            name: name.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The place of a name below a directory. No symbolic link is followed on the way.
    ///
    /// Each directory is opened in the one before it. An open directory stays the same, so a rename
    /// or a new link between two steps cannot lead out.
    pub(crate) fn beneath(directory: BorrowedFd<'_>, name: &Path) -> Result<Self, Error> {
        let mut parts = name.components().filter(|part| *part != Component::CurDir);
        let last = parts.next_back().ok_or_else(|| not_a_name(name))?;
        // A descriptor of our own, which lives as long as the place.
        let mut inner = open_directory(directory, OsStr::new("."), OFlags::RDONLY)
            .map_err(|errno| Error::io("openat", name, errno))?;
        for part in parts {
            // O_NOFOLLOW, as the container may put a link in the place of any directory.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
            inner = open_directory(inner.as_fd(), normal(part, name)?, flags)
                .map_err(|errno| way_refused(inner.as_fd(), part, name, errno))?;
        }
        Ok(Self {
            directory: inner,
            name: normal(last, name)?.to_owned(),
            path: name.to_owned(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    /// Opens the file and waits for no FIFO or device. A link in its place is not followed.
    pub(crate) fn open(&self, flags: OFlags) -> Result<OwnedFd, Errno> {
        open::unleased(self.directory(), &self.name, flags | OFlags::NOFOLLOW)
    }

    pub(crate) fn error(&self, call: &str, errno: Errno) -> Error {
        Error::io(call, &self.path, errno)
    }
}

fn open_directory(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    // O_DIRECTORY refuses a FIFO at once. Without it the open would wait for the other end.
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry_on_intr(|| rustix::fs::openat(at, name, flags, Mode::empty()))
}

fn normal<'p>(part: Component<'p>, name: &Path) -> Result<&'p OsStr, Error> {
    match part {
        Component::Normal(part) => Ok(part),
        _ => Err(Error::about(
            ErrorKind::Outside,
            "openat",
            name,
            "not a plain path below the directory",
        )),
    }
}

/// Tells a symbolic link from other failures. With `O_NOFOLLOW` and `O_DIRECTORY` Linux gives
/// `ENOTDIR` for a link, so the type of the name is asked for.
fn way_refused(at: BorrowedFd<'_>, part: Component<'_>, name: &Path, errno: Errno) -> Error {
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    let found = rustix::fs::statat(at, part.as_os_str(), flags);
    let is_link = found.is_ok_and(|stat| {
        rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Symlink
    });
    if is_link || errno == Errno::LOOP {
        let why = "a symbolic link on the way";
        return Error::about(ErrorKind::Outside, "openat", name, why);
    }
    Error::io("openat", name, errno)
}

fn not_a_name(path: &Path) -> Error {
    Error::about(ErrorKind::NotAFile, "open", path, "not the name of a file")
}

//! Writes a container's file on the inode that is bind-mounted into it, record first.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};
use crate::files::{self, Place};
use crate::write::in_place;
use crate::write::moby_hash;
use crate::write::options::{FileStatus, WriteOptions, Written, with_suffix};
use crate::write::record::{PHASE_OFFSET, Phase, Standing, State};

/// The most bytes of a record: two texts and a few words.
const STATE_LIMIT: u64 = 64 << 20;
/// The most bytes of a container's file that are read. A user may have made it longer than ours.
const TARGET_LIMIT: u64 = 16 << 20;

/// Writes a container's file, unless a user has changed it since the last time.
///
/// * A file that exists keeps its inode, because it is bind-mounted into the container. Anyone who
///   opens it during the rewrite waits for a few microseconds (a write lease, [fcntl(2)]; a
///   millisecond before Linux 6.1). So no reader sees it empty, cut short, mixed or with a stale
///   end.
/// * A file that does not exist is put in place whole.
/// * The record of the write is written first. So a user's edit and a write that was cut off are
///   never confused, even after a restart, a crash or a power cut at any point.
///
/// Symbolic links in the directories of the path are followed. So it must be a path that only the
/// daemon can change, such as its own directory for the container. Never give it a path inside a
/// container's root file system; [`write_at`] is for those.
///
/// Blocks for the time of three fsyncs when [durable](WriteOptions::durable). When a reader waits,
/// the kernel sends the process SIGURG, which does nothing by default.
///
/// # Errors
///
/// [`ErrorKind::InvalidState`] when the record or moby's hash cannot be understood,
/// [`ErrorKind::NotAFile`] when the path is a symbolic link or no file, [`ErrorKind::Busy`] when
/// another writer does not finish, [`ErrorKind::Denied`] and [`ErrorKind::Io`] when a call fails.
/// After any error the next call goes on from where this one stopped.
///
/// # Privileges and kernels
///
/// Write access to the file and its directory. The lease needs the file's owner or `CAP_LEASE`.
///
/// # Examples
///
/// ```
/// use resolvconf::{WriteOptions, Written, write};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("resolv.conf");
/// let options = WriteOptions::new();
/// assert_eq!(write(&path, b"nameserver 192.0.2.1\n", &options)?, Written::Created);
/// std::fs::write(&path, "nameserver 192.0.2.7\n")?; // A user in the container.
/// assert_eq!(write(&path, b"nameserver 192.0.2.2\n", &options)?, Written::KeptEdit);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [fcntl(2)]: https://man7.org/linux/man-pages/man2/fcntl.2.html
pub fn write(path: &Path, text: &[u8], options: &WriteOptions) -> Result<Written, Error> {
    let target = Target::of(path, options)?;
    target.write(text)
}

/// [`write`](fn@write) for a name below an open directory, such as a container's root file system.
///
/// No symbolic link and no `..` is followed on the way. So nothing outside the directory is ever
/// written, even if the container changes its directories meanwhile. Missing directories are not
/// made. The place of the record must be given, because no place below the directory is safe for
/// it.
///
/// # Errors
///
/// As for [`write`](fn@write); [`ErrorKind::Outside`] when the name leads out of the directory,
/// [`ErrorKind::InvalidState`] when [`state`](WriteOptions::state) is not set.
///
/// # Examples
///
/// ```
/// use resolvconf::{ErrorKind, WriteOptions, write_at};
///
/// let dir = tempfile::tempdir()?;
/// std::fs::create_dir_all(dir.path().join("rootfs"))?;
/// std::os::unix::fs::symlink("/etc", dir.path().join("rootfs/etc"))?;
/// let rootfs = std::fs::File::open(dir.path().join("rootfs"))?;
/// let options = WriteOptions::new().state(dir.path().join("record"));
/// let error = write_at(&rootfs, "etc/resolv.conf".as_ref(), b"", &options).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Outside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_at(
    directory: impl AsFd,
    name: &Path,
    text: &[u8],
    options: &WriteOptions,
) -> Result<Written, Error> {
    let target = Target::beneath(directory, name, options)?;
    target.write(text)
}

/// Tells who wrote the content of a container's file. Writes nothing.
///
/// # Errors
///
/// As for [`write`](fn@write).
pub fn status(path: &Path, options: &WriteOptions) -> Result<FileStatus, Error> {
    Target::of(path, options)?.status()
}

/// [`status`] for a name below an open directory.
///
/// # Errors
///
/// As for [`write_at`].
pub fn status_at(
    directory: impl AsFd,
    name: &Path,
    options: &WriteOptions,
) -> Result<FileStatus, Error> {
    Target::beneath(directory, name, options)?.status()
}

/// A file to write, and the places of its record and of moby's hash file.
struct Target<'o> {
    place: Place,
    state: Place,
    moby_hash: Option<PathBuf>,
    options: &'o WriteOptions,
}

impl<'o> Target<'o> {
    fn of(path: &Path, options: &'o WriteOptions) -> Result<Self, Error> {
        let default = || with_suffix(path, ".state");
        let state = options.state.clone().unwrap_or_else(default);
        Ok(Self {
            place: Place::of(path)?,
            state: Place::of(&state)?,
            moby_hash: moby_hash::path_of(options, Some(path)),
            options,
        })
    }

    fn beneath(
        directory: impl AsFd,
        name: &Path,
        options: &'o WriteOptions,
    ) -> Result<Self, Error> {
        let no_place = || {
            let why = "no place for the record is set";
            Error::about(ErrorKind::InvalidState, "write_at", name, why)
        };
        let state = options.state.as_ref().ok_or_else(no_place)?;
        Ok(Self {
            place: Place::beneath(directory.as_fd(), name)?,
            state: Place::of(state)?,
            moby_hash: moby_hash::path_of(options, None),
            options,
        })
    }

    fn write(&self, text: &[u8]) -> Result<Written, Error> {
        files::lock_directory_of(&self.state)?;
        // Only now: another writer's temporary file may be in use until the lock is ours.
        files::tidy(&self.state);
        files::tidy(&self.place);
        let written = match self.open()? {
            Some(file) => self.update(&file, text)?,
            None => {
                // The record goes first: without it a crash after the next call would leave a file
                // that nobody knows.
                self.store(Phase::Pending, b"", text)?;
                files::replace(&self.place, text, self.options.mode, self.options.durable)?;
                self.settle()?;
                Written::Created
            }
        };
        debug!(path = %self.place.path().display(), ?written, "wrote resolv.conf of a container");
        Ok(written)
    }

    fn status(&self) -> Result<FileStatus, Error> {
        let Some(file) = self.open()? else {
            return Ok(FileStatus::Missing);
        };
        let content = files::read_all(self.place.path(), &file, TARGET_LIMIT)?;
        self.judge(&content, self.record()?.as_ref())
    }

    fn update(&self, file: &OwnedFd, text: &[u8]) -> Result<Written, Error> {
        let path = self.place.path();
        let before = files::read_all(path, file, TARGET_LIMIT)?;
        let record = self.record()?;
        let status = self.judge(&before, record.as_ref())?;
        if before == text {
            let recorded = record.is_some_and(|r| r.phase == Phase::Settled && r.current == text);
            if !recorded {
                self.store(Phase::Settled, text, text)?;
            }
            return Ok(Written::Unchanged);
        }
        if status == FileStatus::Edited && !self.options.overwrite_edits {
            return Ok(Written::KeptEdit);
        }
        // Both texts are on the disk before the first byte changes. After a crash the record can
        // tell a half rewritten file from an edit.
        self.store(Phase::Pending, &before, text)?;
        let outcome = in_place::rewrite(path, file, &before, text, self.options)?;
        if let Written::Rewritten { .. } = outcome {
            if self.options.durable {
                // Before the record says "settled": else a power cut could keep that word and lose
                // the text.
                retry_on_intr(|| rustix::fs::fdatasync(file))
                    .map_err(|errno| self.place.error("fdatasync", errno))?;
            }
            self.settle()?;
        }
        Ok(outcome)
    }

    fn judge(&self, content: &[u8], record: Option<&State>) -> Result<FileStatus, Error> {
        match (
            record.map(|record| record.standing(content)),
            &self.moby_hash,
        ) {
            (Some(Standing::Ours), _) => Ok(FileStatus::Ours),
            (Some(Standing::Interrupted), _) => Ok(FileStatus::Interrupted),
            (Some(Standing::Edited), _) => Ok(FileStatus::Edited),
            (None, Some(hash)) => moby_hash::status(hash, content),
            (None, None) => Ok(FileStatus::Unrecorded),
        }
    }

    /// Opens the file for rewriting; `None` when it does not exist.
    fn open(&self) -> Result<Option<OwnedFd>, Error> {
        let path = self.place.path();
        let refused = |why| Err(Error::about(ErrorKind::NotAFile, "openat", path, why));
        match self.place.open(OFlags::RDWR) {
            Ok(fd) => {
                let stat = retry_on_intr(|| rustix::fs::fstat(&fd));
                let stat = stat.map_err(|errno| self.place.error("fstat", errno))?;
                files::check_type(path, stat.st_mode)?;
                Ok(Some(fd))
            }
            Err(Errno::NOENT) => Ok(None),
            // The kernel answers O_NOFOLLOW on a link with ELOOP, and opening a directory for
            // writing with EISDIR.
            Err(Errno::LOOP) => refused("a symbolic link, not a file"),
            Err(Errno::ISDIR) => refused("a directory, not a file"),
            Err(errno) => Err(self.place.error("openat", errno)),
        }
    }

    fn record(&self) -> Result<Option<State>, Error> {
        let path = self.state.path();
        let file = match self.state.open(OFlags::RDONLY) {
            Err(Errno::NOENT) => return Ok(None),
            answer => answer.map_err(|errno| self.state.error("openat", errno))?,
        };
        let bytes = files::read_all(path, &file, STATE_LIMIT)?;
        let invalid = || {
            let why = format!(
                "not a record of what was written to {:?}",
                self.place.path()
            );
            Error::about(ErrorKind::InvalidState, "read", path, &why)
        };
        State::decode(&bytes).ok_or_else(invalid).map(Some)
    }

    fn store(&self, phase: Phase, previous: &[u8], current: &[u8]) -> Result<(), Error> {
        let state = State {
            phase,
            previous: previous.to_vec(),
            current: current.to_vec(),
        };
        files::replace(&self.state, &state.encode(), 0o600, self.options.durable)
    }

    /// Marks the write as finished: one word of the record is changed in place. A power cut before
    /// this word is on the disk leaves the record pending, which is also right.
    fn settle(&self) -> Result<(), Error> {
        let fd = self.state.open(OFlags::WRONLY);
        let fd = fd.map_err(|errno| self.state.error("openat", errno))?;
        let word = Phase::Settled.as_str().as_bytes();
        files::write_all_at(self.state.path(), &fd, word, PHASE_OFFSET)
    }
}

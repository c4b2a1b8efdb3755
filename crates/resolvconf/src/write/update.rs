//! Writes a container's file on the inode that is bind-mounted into it, record first.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::error::{Error, ErrorKind};
use crate::files::durable;
use crate::files::load;
use crate::write::in_place;
use crate::write::options::{FileStatus, WriteOptions, Written};
use crate::write::record::{PHASE_OFFSET, Phase, Standing, State, matches_moby_hash};

/// Bytes of a record: two texts and a few words.
const STATE_LIMIT: u64 = 64 << 20;
/// Bytes of a container's file. A user may have made it anything.
const TARGET_LIMIT: u64 = 16 << 20;

/// Writes a container's file, unless a user has changed it since the last time.
///
/// * A file that exists keeps its inode: it is bind-mounted into the container. Whoever opens it
///   during the rewrite waits for a few microseconds (a write lease, [fcntl(2)]; a millisecond before
///   Linux 6.1), so no reader sees it empty, cut short, mixed or with a stale end.
/// * A file that does not exist is put in place whole.
/// * The record of the write goes first, so a user's edit is told from a write that was cut off,
///   also after a restart, a crash or a power cut at any point.
///
/// Blocks for the time of three fsyncs when [durable](WriteOptions::durable). The process is sent
/// SIGURG, which does nothing by default, when a reader waits.
///
/// # Errors
///
/// [`ErrorKind::InvalidState`] when the record or moby's hash cannot be understood,
/// [`ErrorKind::NotAFile`] when the path is a symbolic link or no file, [`ErrorKind::Busy`] when
/// another writer does not finish, [`ErrorKind::Io`] otherwise. The next call finds its way from
/// wherever this one stopped.
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
    let state_path = options.state_path(path);
    let _lock = durable::lock_directory_of(&state_path)?;
    durable::tidy(&state_path);
    durable::tidy(path);
    let written = match open_target(path)? {
        Some(file) => update(path, &file, text, options)?,
        None => {
            store(&state_path, Phase::Pending, b"", text, options)?;
            durable::replace(path, text, options.mode, options.durable)?;
            settle(&state_path)?;
            Written::Created
        }
    };
    #[cfg(feature = "tracing")]
    tracing::debug!(path = %path.display(), ?written, "wrote resolv.conf of a container");
    Ok(written)
}

/// Tells whose content a container's file has. Writes nothing.
///
/// # Errors
///
/// As for [`write`](fn@write).
pub fn status(path: &Path, options: &WriteOptions) -> Result<FileStatus, Error> {
    let Some(file) = open_target(path)? else {
        return Ok(FileStatus::Missing);
    };
    let content = load::read_fd(path, &file, TARGET_LIMIT)?;
    let record = read_record(path, &options.state_path(path))?;
    judge(path, &content, record.as_ref(), options)
}

fn update(
    path: &Path,
    file: &OwnedFd,
    text: &[u8],
    options: &WriteOptions,
) -> Result<Written, Error> {
    let state_path = options.state_path(path);
    let before = load::read_fd(path, file, TARGET_LIMIT)?;
    let record = read_record(path, &state_path)?;
    let status = judge(path, &before, record.as_ref(), options)?;
    if before == text {
        let recorded = record.is_some_and(|r| r.phase == Phase::Settled && r.current == text);
        if !recorded {
            store(&state_path, Phase::Settled, text, text, options)?;
        }
        return Ok(Written::Unchanged);
    }
    if status == FileStatus::Edited && !options.overwrite_edits {
        return Ok(Written::KeptEdit);
    }
    store(&state_path, Phase::Pending, &before, text, options)?;
    let outcome = in_place::rewrite(path, file, &before, text, options)?;
    if let Written::Rewritten { .. } = outcome {
        if options.durable {
            durable::retry(|| rustix::fs::fdatasync(file))
                .map_err(|errno| Error::io("fdatasync", path, errno))?;
        }
        settle(&state_path)?;
    }
    Ok(outcome)
}

fn judge(
    path: &Path,
    content: &[u8],
    record: Option<&State>,
    options: &WriteOptions,
) -> Result<FileStatus, Error> {
    if let Some(record) = record {
        return Ok(match record.standing(content) {
            Standing::Ours => FileStatus::Ours,
            Standing::Interrupted => FileStatus::Interrupted,
            Standing::Edited => FileStatus::Edited,
        });
    }
    let default = || durable::beside(path, ".hash");
    let hash_path = options.moby_hash.clone().unwrap_or_else(default);
    let Some(hash) = load::read(&hash_path, TARGET_LIMIT)? else {
        return Ok(FileStatus::Unrecorded);
    };
    match matches_moby_hash(&hash, content) {
        Some(true) => Ok(FileStatus::Ours),
        Some(false) => Ok(FileStatus::Edited),
        None => {
            let what = "not a digest of the form sha256:<64 hex>";
            Err(Error::about(ErrorKind::InvalidState, &hash_path, what))
        }
    }
}

fn read_record(path: &Path, state_path: &Path) -> Result<Option<State>, Error> {
    let Some(bytes) = load::read(state_path, STATE_LIMIT)? else {
        return Ok(None);
    };
    let invalid = || {
        let what = format!("not a record of what was written to {path:?}");
        Error::about(ErrorKind::InvalidState, state_path, &what)
    };
    State::decode(&bytes).ok_or_else(invalid).map(Some)
}

fn store(
    path: &Path,
    phase: Phase,
    previous: &[u8],
    current: &[u8],
    options: &WriteOptions,
) -> Result<(), Error> {
    let state = State {
        phase,
        label: options.label.clone(),
        previous: previous.to_vec(),
        current: current.to_vec(),
    };
    durable::replace(path, &state.encode(), 0o600, options.durable)
}

/// Marks the record's write as through: one word, in place. Until it reaches the disk, a power cut
/// leaves the record pending, which holds as well.
fn settle(path: &Path) -> Result<(), Error> {
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = durable::retry(|| rustix::fs::open(path, flags, Mode::empty()))
        .map_err(|errno| Error::io("open", path, errno))?;
    durable::write_all_at(path, &fd, Phase::Settled.word().as_bytes(), PHASE_OFFSET)
}

/// Opens a container's file for rewriting; `None` when there is none.
fn open_target(path: &Path) -> Result<Option<OwnedFd>, Error> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW;
    match load::open_unleased(path, flags) {
        Ok(fd) => {
            let stat = durable::retry(|| rustix::fs::fstat(&fd));
            let stat = stat.map_err(|errno| Error::io("fstat", path, errno))?;
            load::check_type(path, stat.st_mode)?;
            Ok(Some(fd))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::LOOP) => Err(Error::about(
            ErrorKind::NotAFile,
            path,
            "a symbolic link, not a file",
        )),
        Err(Errno::ISDIR) => Err(Error::about(
            ErrorKind::NotAFile,
            path,
            "a directory, not a file",
        )),
        Err(errno) => Err(Error::io("open", path, errno)),
    }
}

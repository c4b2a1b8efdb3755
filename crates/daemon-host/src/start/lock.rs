//! One daemon per data root.
//!
//! There are two locks, one file in the exec root and one in the data root. Both are taken by
//! [flock(2)], and the kernel releases them when the process dies. The lock in the data root is
//! given up before that root is released, because an open file would keep its mount busy.
//!
//! A lock belongs to the open file. A child that was just forked has that file open too, until
//! it executes its program. So a lock is given up by an explicit call and not only by closing.
//! If a lock is taken, it is tried again for a moment: its holder may just have died.
//!
//! [flock(2)]: https://man7.org/linux/man-pages/man2/flock.2.html

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use crate::bounded::check_regular;
use crate::error::{Error, ErrorKind};

/// The name of the lock file in both directories.
pub(crate) const LOCK_FILE: &str = "daemon-host.lock";

/// How long a taken lock is tried again. It is longer than a forked child needs to execute its
/// program, and too short for a person to notice.
const PATIENCE: Duration = Duration::from_millis(200);

const PAUSE: Duration = Duration::from_millis(5);

/// Both locks of a running host.
#[derive(Debug)]
pub(crate) struct Locks {
    data_root: Option<Lock>,
    _exec_root: Lock,
}

/// A file that only we have locked.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file does the same, only later while a child is being started.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Locks {
    /// Takes both locks without waiting.
    pub(crate) fn take(data_root: &Path, exec_root: &Path) -> Result<Self, Error> {
        // Always in this order, so of two daemons with the same roots one gets both.
        let exec = lock(exec_root)?;
        let data = lock(data_root)?;
        Ok(Self {
            data_root: Some(data),
            _exec_root: exec,
        })
    }

    /// Gives up the lock in the data root, so that its mount is not kept busy.
    pub(crate) fn leave_data_root(&mut self) {
        self.data_root = None;
    }
}

fn lock(dir: &Path) -> Result<Lock, Error> {
    let path = dir.join(LOCK_FILE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        // A FIFO in its place would make the open wait.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
        .open(&path)
        .map_err(|error| Error::io(format!("open({path:?})"), error))?;
    // If a FIFO is there and somebody reads it, the open for writing succeeds.
    check_regular(&file, &path)?;
    let begin = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(Errno::WOULDBLOCK) if begin.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => {
                let what = format!("another daemon holds {path:?}");
                return Err(Error::new(ErrorKind::AlreadyRunning, what));
            }
            Err(errno) => {
                return Err(Error::io(format!("flock({path:?}, LOCK_EX)"), errno.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_daemon_is_refused_and_a_left_root_is_free() {
        let temp = tempfile::tempdir().unwrap();
        let (data, exec) = (temp.path().join("data"), temp.path().join("run/exec"));
        let other = temp.path().join("other");
        for dir in [&data, &exec, &other] {
            std::fs::create_dir_all(dir).unwrap();
        }
        let mut first = Locks::take(&data, &exec).unwrap();
        let error = Locks::take(&data, &other).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyRunning);
        first.leave_data_root();
        assert!(
            Locks::take(&data, &exec).is_err(),
            "the exec root is still held"
        );
        drop(first);
        Locks::take(&data, &exec).unwrap();
    }

    #[test]
    fn a_symlink_in_place_of_the_lock_is_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", temp.path().join(LOCK_FILE)).unwrap();
        assert_eq!(lock(temp.path()).unwrap_err().kind(), ErrorKind::Io);
    }

    #[test]
    fn a_fifo_in_place_of_the_lock_does_not_make_it_wait() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join(LOCK_FILE);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        // Somebody may hold it open for reading, so that opening for writing succeeds.
        for _ in 0..2 {
            lock(temp.path()).unwrap_err();
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let _reader = rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).unwrap();
        let error = lock(temp.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

//! One daemon per data root.
//!
//! Two locks, both by [flock(2)], both let go by the kernel when the process dies:
//! one file in the exec root, one in the data root. The latter is given up before
//! the data root is released, because an open file would keep its mount busy.
//!
//! [flock(2)]: https://man7.org/linux/man-pages/man2/flock.2.html

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::error::{Error, ErrorKind};

/// The name of the lock file in both directories.
pub(crate) const LOCK_FILE: &str = "daemon-host.lock";

/// Both locks of a running host.
#[derive(Debug)]
pub(crate) struct Locks {
    data_root: Option<File>,
    _exec_root: File,
}

impl Locks {
    /// Takes both locks without waiting; makes the exec root (0700) if need be.
    pub(crate) fn take(data_root: &Path, exec_root: &Path) -> Result<Self, Error> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(exec_root);
        made.map_err(|error| Error::io(format!("mkdir({exec_root:?})"), error))?;
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

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK_FILE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(&path)
        .map_err(|error| Error::io(format!("open({path:?})"), error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let what = format!("another daemon holds {path:?}");
            return Err(Error::new(ErrorKind::AlreadyRunning, what));
        }
        Err(errno) => {
            return Err(Error::io(format!("flock({path:?}, LOCK_EX)"), errno.into()));
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_daemon_is_refused_and_a_left_root_is_free() {
        let temp = tempfile::tempdir().unwrap();
        let (data, exec) = (temp.path().join("data"), temp.path().join("run/exec"));
        std::fs::create_dir(&data).unwrap();
        let mut first = Locks::take(&data, &exec).unwrap();
        let other = temp.path().join("other");
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
}

//! Tells who uses a script directory: every user holds a shared lock while it lives.
//!
//! Only a user who holds the lock exclusively may remove a script. The lock belongs to the
//! open file description (fcntl(2), Linux 3.15). It ends with the process, in whatever way
//! that dies. Two users in one process count as two. With flock(2) a shared lock could be
//! lost when the exclusive one is refused; here it is still held.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::log::debug;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, openat};
use nix::libc;
use nix::sys::stat::Mode;

use super::calls::retry;
use crate::error::{Error, ErrorKind};

/// The file that is locked, in the script directory.
pub(crate) const LOCK_FILE: &str = ".lock";

/// How long to wait for a sweep by another process. A sweep takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A shared lock on a directory, where the filesystem has locks.
#[derive(Debug)]
pub(crate) struct DirLock {
    file: Option<File>,
}

impl DirLock {
    /// Takes the shared lock. Waits until a sweep has ended.
    pub(crate) fn share(dir: &OwnedFd, path: &Path) -> Result<Self, Error> {
        let Some(file) = open(dir, path)? else {
            return Ok(Self { file: None });
        };
        let end = Instant::now() + PATIENCE;
        loop {
            match set(&file, libc::F_RDLCK) {
                Ok(()) => return Ok(Self { file: Some(file) }),
                // POSIX allows either number for a lock that another one stands against.
                Err(Errno::EAGAIN | Errno::EACCES) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(Errno::EAGAIN | Errno::EACCES) => {
                    let what = format!("another process sweeps {path:?} and does not end");
                    return Err(Error::new(ErrorKind::Busy, what).at(path));
                }
                Err(errno) => {
                    debug!(path = %path.display(), %errno, "filesystem without locks");
                    return Ok(Self { file: None });
                }
            }
        }
    }

    /// The lock as a child's standard input. The child then counts as a user until it ends.
    pub(crate) fn handed_on(&self) -> io::Result<Stdio> {
        match &self.file {
            Some(file) => file.try_clone().map(Stdio::from),
            None => Ok(Stdio::null()),
        }
    }

    /// Runs `act` while no one else uses the directory.
    ///
    /// `None` if someone else uses it, or if that is unknown. It tries for a moment: a child
    /// that another thread has just forked holds a copy of every descriptor until it executes
    /// its program.
    pub(crate) fn alone<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        let file = self.file.as_ref()?;
        for_a_moment(|| set(file, libc::F_WRLCK).is_ok()).then(|| {
            let result = act();
            // This cannot fail: the lock is held, and only becomes weaker.
            let _ = set(file, libc::F_RDLCK);
            result
        })
    }
}

/// Whether anyone holds the lock. Nothing is locked or written.
///
/// A directory without a lock file has no users.
pub(crate) fn is_used(dir: &OwnedFd) -> bool {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match retry(|| openat(dir, LOCK_FILE, flags, Mode::empty())) {
        Ok(file) => file,
        Err(errno) => return errno != Errno::ENOENT,
    };
    !for_a_moment(|| {
        let mut lock = whole_file(libc::F_WRLCK);
        let asked = fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock));
        asked.is_ok() && i32::from(lock.l_type) == libc::F_UNLCK
    })
}

/// Repeats a question for a tenth of a second, until the answer is yes.
fn for_a_moment(yes: impl Fn() -> bool) -> bool {
    (0..20).any(|turn| {
        if turn > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        yes()
    })
}

/// Opens the lock file, making it if need be; `None` on a read-only filesystem without.
fn open(dir: &OwnedFd, path: &Path) -> Result<Option<File>, Error> {
    // A symlink or a FIFO under this name is not ours: the one is refused, the other not waited
    // for.
    let common = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let writable = openat(
        dir,
        LOCK_FILE,
        common | OFlag::O_RDWR | OFlag::O_CREAT,
        mode,
    );
    let opened = match writable {
        // A shared lock needs no descriptor for writing.
        Err(Errno::EROFS) => openat(dir, LOCK_FILE, common | OFlag::O_RDONLY, mode),
        other => other,
    };
    match opened {
        Ok(fd) => Ok(Some(File::from(fd))),
        Err(Errno::EROFS | Errno::ENOENT) => Ok(None),
        Err(errno) => Err(Error::io(
            "open",
            &path.join(LOCK_FILE),
            io::Error::from(errno),
        )),
    }
}

fn set(file: &File, kind: i32) -> nix::Result<()> {
    retry(|| fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&whole_file(kind)))).map(drop)
}

fn whole_file(kind: i32) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        // Up to the end of the file, however long it gets.
        l_len: 0,
        // The kernel refuses any other number for such a lock (EINVAL).
        l_pid: 0,
    }
}

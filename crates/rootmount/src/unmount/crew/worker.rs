//! What a worker thread keeps, and what the other threads see of it.

use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::thread::UnshareFlags;

use crate::path::open_beneath;
use crate::unmount::execution::Execution;
use crate::unmount::outcome::Done;
use crate::unmount::target::{Job, Move};

/// What the coordinating thread sees of a worker.
#[derive(Default)]
pub(crate) struct Slot(Mutex<SlotState>);

#[derive(Default)]
struct SlotState {
    job: Job,
    /// The move that is being made, and since when.
    at: Option<(usize, Instant)>,
    /// Whether its unmount call is running.
    calling: bool,
    /// Set when the worker took too long. Its later results are not used.
    given_up: bool,
    results: Vec<(Move, Done)>,
}

/// What a worker that is given up leaves behind.
pub(crate) struct Remains {
    pub(crate) job: Job,
    /// The move that did not end.
    pub(crate) hung: usize,
    /// Whether it was the unmount call itself that did not end.
    pub(crate) calling: bool,
}

impl Slot {
    /// Results since the last time.
    pub(crate) fn results(&self) -> Vec<(Move, Done)> {
        mem::take(&mut lock(&self.0).results)
    }

    /// Gives the worker up if its move takes longer than the limit; `None` if it does not.
    pub(crate) fn give_up(&self, limit: Duration) -> Option<Remains> {
        let mut state = lock(&self.0);
        let (hung, _) = state.at.filter(|(_, since)| since.elapsed() >= limit)?;
        // A thread that hangs in the kernel cannot be stopped. It is left there, and its job goes
        // to another worker.
        state.given_up = true;
        state.at = None;
        Some(Remains {
            job: mem::take(&mut state.job),
            hung,
            calling: state.calling,
        })
    }

    pub(crate) fn begin(&self, job: Job) {
        lock(&self.0).job = job;
    }

    pub(crate) fn begin_move(&self, at: usize) {
        lock(&self.0).at = Some((at, Instant::now()));
    }

    /// Keeps the result; `false` if nobody wants it any more.
    pub(crate) fn end_move(&self, step: Move, done: Done) -> bool {
        let mut state = lock(&self.0);
        if !state.given_up {
            state.at = None;
            state.results.push((step, done));
        }
        !state.given_up
    }

    /// Whether an unmount call may be made now. A worker that was given up must not make one:
    /// another worker may have the target by now.
    pub(crate) fn may_call(&self) -> bool {
        let mut state = lock(&self.0);
        state.calling = !state.given_up;
        state.calling
    }

    pub(crate) fn has_called(&self) {
        lock(&self.0).calling = false;
    }
}

/// Locks, also after a panic of another thread: the state is complete at every point where a
/// panic could happen.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one thread keeps between moves.
pub(crate) struct Worker {
    pub(crate) slot: Arc<Slot>,
    /// Whether the working directory is this thread's own, for `umount2` by a bare name.
    pub(crate) own_directory: bool,
    /// The directory of the last step, kept open for the next one in it.
    last: Option<(PathBuf, OwnedFd)>,
}

impl Worker {
    /// Makes a worker. Call it on the thread that works, because it changes that thread.
    pub(crate) fn new(slot: Arc<Slot>) -> Self {
        // The threads of a process share its working directory. After CLONE_FS this one has its
        // own. No privilege is needed, but a system call filter may refuse it.
        // Deprecated only for what CLONE_FILES would do.
        #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
        let own_directory = rustix::thread::unshare(UnshareFlags::FS).is_ok();
        Self {
            slot,
            own_directory,
            last: None,
        }
    }

    /// Makes a worker for a thread that does not belong to this execution. Its working
    /// directory stays.
    pub(crate) fn borrowed(slot: Arc<Slot>) -> Self {
        Self {
            slot,
            own_directory: false,
            last: None,
        }
    }

    /// The directory of a step, below the base.
    pub(crate) fn open(&mut self, execution: &Execution, parent: &Path) -> io::Result<&OwnedFd> {
        // As text, because that is cheaper than by components. The same path in another
        // spelling only costs one more open.
        let is_other = |(path, _): &(PathBuf, OwnedFd)| path.as_os_str() != parent.as_os_str();
        if self.last.as_ref().is_none_or(is_other) {
            // Closed first: it may be what keeps the next mount busy.
            self.last = None;
            let fd = open_beneath(&execution.base_fd, parent)?;
            self.last = Some((parent.to_path_buf(), fd));
        }
        match &self.last {
            Some((_, fd)) => Ok(fd),
            None => Err(io::Error::from_raw_os_error(libc::EBADF)),
        }
    }
}

//! Ends a child that does not end by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Kills one process at its deadline, unless it is dropped before.
pub(crate) struct Watchdog {
    fired: Arc<AtomicBool>,
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Begins to watch. The process must not have been waited for yet.
    pub(crate) fn watch(pid: u32, deadline: Duration) -> anyhow::Result<Watchdog> {
        let pid = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("pid of a child")?;
        let process = pidfd_open(pid, PidfdFlags::empty()).context("pidfd_open of a child")?;
        let fired = Arc::new(AtomicBool::new(false));
        let (done, wait) = mpsc::channel::<()>();
        let flag = Arc::clone(&fired);
        let thread = thread::spawn(move || {
            if wait.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::SeqCst);
                // It may have ended this moment; then there is nobody to kill.
                let _ = pidfd_send_signal(process, Signal::KILL);
            }
        });
        Ok(Watchdog {
            fired,
            done: Some(done),
            thread: Some(thread),
        })
    }

    /// Stops watching; true if the deadline had passed.
    pub(crate) fn finish(mut self) -> bool {
        self.stop();
        self.fired.load(Ordering::SeqCst)
    }

    fn stop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop();
    }
}

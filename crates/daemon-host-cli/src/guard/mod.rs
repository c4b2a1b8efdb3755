//! The command in two processes: one works, and the other one can always end.
//!
//! A thread that waits for a FUSE server cannot be ended while the server has the request, and a
//! process ends only with its last thread. So where a file system may wait, a second process does
//! the work. It holds nothing of the caller, so it may stay behind. The first one passes its output
//! on, and ends with its exit code.
//!
//! `need` decides whether it takes two; `state` reads how the worker is. Both are pure, except
//! that `need` reads the mount table. `start` and `worker` begin, `follow` and `relay` wait.

mod follow;
mod need;
mod relay;
mod start;
mod state;
mod worker;

use std::process::ExitCode;

use nix::sys::signal::{Signal, raise};

use self::follow::{End, follow};
use self::start::Worker;
pub(crate) use self::worker::begin;

/// Has a second process do the work, if a file system may wait. `None` if this process is to do
/// it, also if no second one can be made.
pub(crate) fn run() -> Option<ExitCode> {
    if !need::is_needed() {
        return None;
    }
    let worker = Worker::start().ok()?;
    let (mask, end) = follow(worker);
    Some(match end {
        End::Code(code) => code.into(),
        End::Signal(number) => {
            // The caller learns of a signal only if this process ends by it, too.
            let _ = mask.thread_set_mask();
            let _ = Signal::try_from(number).map(raise);
            u8::try_from(128 + number).unwrap_or(u8::MAX).into()
        }
        End::Unwritten(error) => {
            crate::output::error(&error.into(), None);
            ExitCode::from(2)
        }
    })
}

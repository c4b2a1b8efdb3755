//! The command in two processes: one works, and the other one can always end.
//!
//! A thread that waits for a FUSE server cannot be ended while the server has the request, and a
//! process ends only with its last thread. So where a file system may wait, a second process does
//! the work. It holds nothing of the caller, so it may stay behind. The first one passes its output
//! on, and ends with its exit code.
//!
//! It always ends, except: as PID 1 of a pid namespace, for which the kernel waits until all in it
//! have ended; if a file system on a disk that is reached over a network hangs; if the only FUSE
//! mounts were made after the start, or are in namespaces that are not seen; and where two
//! processes would not be to the caller as one. Then one process works, and may have to wait.
//!
//! `need` decides whether it takes two, `able` whether two can be as one; `state` reads how the
//! worker is, `asked` when it had its time. They decide only; `need` and `able` read procfs.
//! `start`, `line` and `worker` begin, `follow` and `relay` wait.

mod able;
mod asked;
mod follow;
mod line;
mod need;
mod relay;
mod start;
mod state;
mod worker;

use std::process::ExitCode;

use anyhow::anyhow;
use nix::sys::signal::{Signal, raise};
use tracing::{debug, warn};

use self::follow::{End, follow};
use self::start::Worker;
pub(crate) use self::worker::begin;

/// Has a second process do the work, if a file system may wait. `None` if this process is to do
/// it, also if no second one can be made.
pub(crate) fn run() -> Option<ExitCode> {
    if !need::is_needed() {
        return None;
    }
    let signals = match able::signals() {
        Ok(signals) => signals,
        Err(why) => {
            debug!("one process works, and may wait for a file server: {why}");
            return None;
        }
    };
    let started = Worker::start(&signals);
    let worker = started.map_err(|error| {
        warn!("one process works, and may wait for a file server: no second one: {error}");
    });
    let worker = worker.ok()?;
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
        End::Unknown => {
            let error = anyhow!("the process that worked has ended, and how is not known");
            crate::output::error(&error, None);
            ExitCode::from(2)
        }
    })
}

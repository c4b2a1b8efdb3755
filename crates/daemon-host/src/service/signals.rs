//! Turns signals into wishes, and limits the time of the shutdown.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::error;

use crate::error::Error;

/// The exit code of a process that could not shut down.
const FAILED: i32 = 2;

/// Wrappers such as timeout(1) send a signal twice. A second signal within this time counts as
/// the same.
const GRACE: Duration = Duration::from_secs(2);

/// So many signals end the process at once, if the last one came after the grace.
const ENOUGH: u32 = 3;

/// What a signal asks of a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// SIGHUP: read the configuration again.
    Reload,
    /// SIGTERM or SIGINT: shut down.
    End,
}

/// Forwards SIGHUP, SIGTERM and SIGINT to `send`, from a thread of its own.
///
/// After the first SIGTERM or SIGINT the process has the time `limit` to end. Then it is ended
/// with exit code 2, whatever it is doing. A second signal changes nothing. A third one,
/// seconds later, ends the process at once. Call this before the start, so that no signal is
/// lost meanwhile.
///
/// The calling thread blocks these signals from now on, and so do the threads and programs that it
/// starts later. A thread that is stuck in the kernel can then take no signal from the thread that
/// waits for them. Give a program that shall obey them an empty signal mask.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when a thread or a signal handler is refused.
pub fn forward_signals(limit: Duration, send: impl Fn(Wish) + Send + 'static) -> Result<(), Error> {
    let signals = Signals::new([SIGHUP, SIGTERM, SIGINT]);
    let signals = signals.map_err(|error| Error::io("sigaction", error))?;
    let ours = SigSet::from_iter([Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT]);
    // The kernel gives a signal to the main thread first, even if that waits in the kernel for a
    // server that never answers. Then no handler ever runs. So only one thread takes signals.
    let masked = |errno: Errno| Error::io("pthread_sigmask", errno.into());
    let before = ours
        .thread_swap_mask(SigmaskHow::SIG_BLOCK)
        .map_err(masked)?;
    let started = start(limit, signals, ours, send);
    if started.is_err() {
        // Nobody takes the signals, so the caller must not be deaf to them.
        let _ = before.thread_set_mask();
    }
    started
}

/// Starts the threads.
fn start(
    limit: Duration,
    mut signals: Signals,
    ours: SigSet,
    send: impl Fn(Wish) + Send + 'static,
) -> Result<(), Error> {
    let (arm, armed) = mpsc::channel();
    // Both threads are there from the start: at the end there may be no way to make one.
    spawn("shutdown-limit", move || end_after(limit, &armed))?;
    spawn("signals", move || {
        // It cannot fail: the call above took the same set.
        let _ = ours.thread_unblock();
        let mut count = Count::default();
        for signal in signals.forever() {
            match count.next(signal, Instant::now()) {
                Next::Tell(wish) => {
                    if wish == Wish::End {
                        // Before the daemon is told: it may be stuck, and the limit must run
                        // all the same.
                        let _ = arm.send(());
                    }
                    send(wish);
                }
                Next::Nothing => {}
                Next::Exit => std::process::exit(FAILED),
            }
        }
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread
        .map(drop)
        .map_err(|error| Error::io(format!("start thread {name:?}"), error))
}

/// Ends the process when the shutdown takes too long. The next start repairs what is left.
fn end_after(limit: Duration, armed: &Receiver<()>) {
    if armed.recv().is_err() {
        return;
    }
    thread::sleep(limit);
    // A log that nobody reads may hold up whoever writes to it, but not the end.
    let told = spawn("last-words", move || {
        error!(limit_s = limit.as_secs(), "shutdown took too long");
    });
    if told.is_ok() {
        thread::sleep(Duration::from_millis(100));
    }
    std::process::exit(FAILED);
}

/// The signals so far that ask for the end.
#[derive(Debug, Default)]
struct Count {
    first: Option<Instant>,
    count: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Tell(Wish),
    Nothing,
    Exit,
}

impl Count {
    fn next(&mut self, signal: i32, now: Instant) -> Next {
        match (signal, self.first) {
            (SIGHUP, None) => return Next::Tell(Wish::Reload),
            // A daemon that ends needs no new configuration.
            (SIGHUP, Some(_)) => return Next::Nothing,
            _ => self.count += 1,
        }
        match self.first {
            None => {
                self.first = Some(now);
                Next::Tell(Wish::End)
            }
            Some(first) if self.count >= ENOUGH && now.duration_since(first) >= GRACE => Next::Exit,
            Some(_) => Next::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_at_once_are_one_and_a_late_third_ends_it() {
        let begin = Instant::now();
        let later = begin + GRACE;
        let mut count = Count::default();
        assert_eq!(count.next(SIGHUP, begin), Next::Tell(Wish::Reload));
        assert_eq!(count.next(SIGTERM, begin), Next::Tell(Wish::End));
        assert_eq!(count.next(SIGHUP, begin), Next::Nothing);
        assert_eq!(count.next(SIGTERM, begin), Next::Nothing);
        assert_eq!(
            count.next(SIGINT, begin),
            Next::Nothing,
            "a third, but at once"
        );
        assert_eq!(count.next(SIGTERM, later), Next::Exit);

        let mut count = Count::default();
        count.next(SIGINT, begin);
        assert_eq!(count.next(SIGTERM, later), Next::Nothing, "a second one");
    }
}

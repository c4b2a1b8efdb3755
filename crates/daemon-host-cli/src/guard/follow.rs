//! Waits for the worker: passes on its output and the caller's signals, and notices its end.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::relay::{Relay, Turn};
use super::start::Worker;
use super::state::ended;

/// How long the worker may take to end after a signal. A step that it has begun takes less.
const GRACE: Duration = Duration::from_secs(10);

/// How this process is to end.
#[derive(Debug)]
pub(super) enum End {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(i32),
    /// With a failure: the answer could not be written.
    Unwritten(io::Error),
}

/// Waits until the worker has ended and all it wrote is passed on. The signals of this process are
/// still held back then; the mask that was in force before comes with the end.
pub(super) fn follow(mut worker: Worker) -> (SigSet, End) {
    let begin = Instant::now();
    let mut asked: Option<(i32, Instant)> = None;
    let mut end = None;
    let end = loop {
        end = end.or_else(|| worker.end());
        let is_idle = match worker.turn() {
            Ok(is_idle) => is_idle,
            Err(error) => break End::Unwritten(error),
        };
        if let Some(end) = end.take_if(|_| is_idle) {
            break end;
        }
        if is_idle {
            worker.wait(pause(begin.elapsed()));
        } else {
            worker.wait(Duration::from_secs(1));
        }
        if let Some(number) = worker.pass_signals() {
            if end.is_some() {
                break End::Signal(number);
            }
            asked.get_or_insert((number, Instant::now()));
        }
        match asked {
            Some((number, since)) if since.elapsed() > GRACE => break End::Signal(number),
            _ => {}
        }
    };
    (worker.mask, end)
}

/// How long to wait until the worker is looked at again. Nothing tells that its first thread has
/// ended while another one cannot. A worker that works for hours is looked at each second.
fn pause(since: Duration) -> Duration {
    (since / 16).clamp(Duration::from_millis(20), Duration::from_secs(1))
}

impl Worker {
    /// How the worker ended. It has when its first thread has: the others may wait for ever.
    fn end(&mut self) -> Option<End> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(of_status(status));
        }
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        ended(&stat).map(|status| of_status(ExitStatus::from_raw(status.0)))
    }

    /// Passes on what the worker wrote; whether all of it is.
    fn turn(&mut self) -> io::Result<bool> {
        let mut is_idle = true;
        for (stream, is_answer) in [(&mut self.output, true), (&mut self.errors, false)] {
            match stream.as_mut().map(Relay::turn) {
                None | Some(Turn::Idle) => {}
                Some(Turn::More) => is_idle = false,
                Some(Turn::Failed(error)) if is_answer => return Err(error),
                // The worker's next write fails then, as its own would.
                Some(Turn::Over | Turn::Failed(_)) => *stream = None,
            }
        }
        Ok(is_idle)
    }

    fn wait(&self, time: Duration) {
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        for stream in [&self.output, &self.errors].into_iter().flatten() {
            stream.waits_for(&mut fds);
        }
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut fds, time);
    }

    /// Passes the caller's signals on to the worker. The last of those that ask for its end is the
    /// value.
    fn pass_signals(&mut self) -> Option<i32> {
        let mut asked = None;
        while let Ok(Some(info)) = self.signals.read_signal() {
            let Some(signal) = number(info.ssi_signo) else {
                continue;
            };
            if signal == Signal::SIGCHLD {
                continue;
            }
            let pid = i32::try_from(self.child.id()).map(Pid::from_raw);
            // It is not reaped before its end is known, so the number is still its own.
            let _ = pid.map(|pid| kill(pid, signal));
            if !matches!(signal, Signal::SIGUSR1 | Signal::SIGUSR2) {
                asked = Some(signal as i32);
            }
        }
        asked
    }
}

fn number(signo: u32) -> Option<Signal> {
    Signal::try_from(i32::try_from(signo).ok()?).ok()
}

fn of_status(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Code(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => End::Signal(signal),
        (None, None) => End::Code(2),
    }
}

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

use super::asked::Asked;
use super::relay::{Relay, Turn};
use super::start::Worker;
use super::state::ended;

/// For how long wait(2) is asked after the first thread has ended. Usually the others end, too.
const REAP: Duration = Duration::from_millis(100);

/// How this process is to end.
#[derive(Debug)]
pub(super) enum End {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(i32),
    /// With a failure: the answer could not be written.
    Unwritten(io::Error),
    /// In a way that is not known.
    Unknown,
}

/// Waits until the worker has ended and all it wrote is passed on. The signals of this process are
/// still held back then; the mask that was in force before comes with the end.
pub(super) fn follow(mut worker: Worker) -> (SigSet, End) {
    let begin = Instant::now();
    let mut asked: Option<Asked> = None;
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
        worker.wait(match (worker.ended, is_idle) {
            (Some(_), true) => pause(Duration::ZERO),
            (None, true) => pause(begin.elapsed()),
            (_, false) => Duration::from_secs(1),
        });
        if let Some(number) = worker.pass_signals() {
            if end.is_some() {
                break End::Signal(number);
            }
            asked.get_or_insert(Asked::new(number));
        }
        if let Some(asked) = &mut asked {
            if asked.is_over(&worker.status(), Instant::now()) {
                break End::Signal(asked.signal);
            }
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
        match self.child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                self.is_reaped = true;
                return Some(of_status(status));
            }
            Err(_) => {
                self.is_reaped = true;
                return Some(self.told());
            }
        }
        let status = ended(&self.read("stat"))?;
        let since = *self.ended.get_or_insert_with(Instant::now);
        if since.elapsed() < REAP {
            return None;
        }
        // Not every kernel tells it, and none tells everybody: then 0 stands there.
        match status.0 {
            0 => Some(self.told()),
            status => Some(of_status(ExitStatus::from_raw(status))),
        }
    }

    /// How the worker itself said that it ends.
    fn told(&mut self) -> End {
        self.line.code().map_or(End::Unknown, End::Code)
    }

    /// The worker's `status` in procfs; empty if there is none.
    fn status(&self) -> String {
        self.read("status")
    }

    fn read(&self, name: &str) -> String {
        if self.is_reaped {
            return String::new();
        }
        fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).unwrap_or_default()
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
            match signal {
                Signal::SIGCHLD => {}
                Signal::SIGUSR1 | Signal::SIGUSR2 => self.send(signal),
                _ => {
                    self.send(signal);
                    asked = Some(signal as i32);
                }
            }
        }
        asked
    }

    fn send(&self, signal: Signal) {
        // After that, the number may be that of any process.
        if !self.is_reaped {
            let pid = i32::try_from(self.child.id()).map(Pid::from_raw);
            let _ = pid.map(|pid| kill(pid, signal));
        }
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

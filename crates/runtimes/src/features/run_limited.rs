//! Runs one program under limits of time and output, and leaves none of it behind.

use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::cage::Cage;
use super::pipe::{Pipe, Turn};
use crate::unmasked::unmask;

/// Bytes of standard error that are kept for the message.
const MAX_STDERR: usize = 4096;

/// The time between two looks at a child that keeps its pipes open.
const TICK: Duration = Duration::from_millis(20);

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// The first few thousand bytes.
    pub(crate) stderr: Vec<u8>,
}

/// Why there is no output.
#[derive(Debug)]
pub(crate) enum RunFault {
    /// It could not be started, or waiting for it failed.
    Io(io::Error),
    /// It still ran at the deadline, and was killed.
    Time,
    /// It printed more than the limit, and was killed.
    Size,
}

impl From<io::Error> for RunFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a program to its end, its deadline, or its output limit.
///
/// It gets an empty standard input. If this process may make a pid namespace, everything that the
/// program started has ended when this returns. Otherwise only the processes that stayed in its
/// process group have ended.
pub(crate) fn run<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
    deadline: Instant,
    max_output: usize,
) -> Result<Output, RunFault> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    thread::scope(|scope| {
        // The cage changes the thread that makes it for good, so that is a thread of its own.
        let builder = thread::Builder::new().name("runtime-probe".to_owned());
        let work = move || {
            unmask();
            run_in(&Cage::enter(), &mut command, deadline, max_output)
        };
        match builder.spawn_scoped(scope, work)?.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn run_in(
    cage: &Cage,
    command: &mut Command,
    deadline: Instant,
    max_output: usize,
) -> Result<Output, RunFault> {
    let mut child = spawn(cage, command, deadline)?;
    let result = collect(&mut child, deadline, max_output);
    match &result {
        // It has ended by itself, but may have left others behind.
        Ok(_) => cage.end_group_of(&child),
        Err(_) => cage.end(&mut child),
    }
    result
}

/// A binary that is just being installed gives ETXTBSY for a moment.
fn spawn(cage: &Cage, command: &mut Command, deadline: Instant) -> io::Result<Child> {
    loop {
        match cage.spawn(command) {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy
                    && Instant::now() < deadline =>
            {
                thread::sleep(TICK);
            }
            other => return other,
        }
    }
}

/// The outputs of a child.
struct Outputs {
    stdout: Pipe<ChildStdout>,
    stderr: Pipe<ChildStderr>,
    limit: usize,
}

impl Outputs {
    fn of(child: &mut Child, limit: usize) -> io::Result<Self> {
        let missing = "the command was given this pipe";
        Ok(Self {
            stdout: Pipe::new(child.stdout.take().expect(missing), limit)?,
            stderr: Pipe::new(child.stderr.take().expect(missing), MAX_STDERR)?,
            limit,
        })
    }

    /// Reads a bounded part of the output that has arrived.
    fn turn(&mut self) -> Result<Turn, RunFault> {
        let turns = [self.stdout.turn()?, self.stderr.turn()?];
        if self.stdout.total > self.limit as u64 {
            return Err(RunFault::Size);
        }
        let more = turns.contains(&Turn::More);
        Ok(if more { Turn::More } else { Turn::Idle })
    }

    fn open(&self) -> Vec<BorrowedFd<'_>> {
        let both = [self.stdout.as_fd(), self.stderr.as_fd()];
        both.into_iter().flatten().collect()
    }
}

fn collect(child: &mut Child, deadline: Instant, limit: usize) -> Result<Output, RunFault> {
    let mut outputs = Outputs::of(child, limit)?;
    let mut pause = Duration::from_millis(1);
    loop {
        // This is asked before the pipes are emptied. After its end, everything that it wrote is in
        // them.
        let ended = child.try_wait()?;
        let turn = outputs.turn()?;
        if let Some(status) = ended.filter(|_| turn == Turn::Idle) {
            return Ok(Output {
                status,
                stdout: outputs.stdout.bytes,
                stderr: outputs.stderr.bytes,
            });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(RunFault::Time);
        }
        let open = outputs.open();
        if turn == Turn::More {
            // More output has arrived already.
        } else if open.is_empty() {
            // A child can close both and go on. Then poll(2) has nothing that tells of its end.
            thread::sleep(left.min(pause));
            pause = TICK.min(pause * 2);
        } else {
            wait_for_data(&open, left.min(TICK))?;
        }
    }
}

fn wait_for_data(open: &[BorrowedFd<'_>], longest: Duration) -> io::Result<()> {
    let fds = open.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN));
    let mut fds: Vec<PollFd<'_>> = fds.collect();
    // poll(2) counts milliseconds. With less than one it would not wait at all.
    let timeout = PollTimeout::try_from(longest.max(Duration::from_millis(1)));
    match poll(&mut fds, timeout.unwrap_or(PollTimeout::ZERO)) {
        // A signal ends the wait early. The caller looks at the clock again.
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

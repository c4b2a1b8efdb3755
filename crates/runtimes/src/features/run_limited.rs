//! Runs one program under limits of time and output, and leaves none of it behind.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Bytes of standard error that are kept for the message.
const MAX_STDERR: usize = 4096;

/// How often a child with open pipes is asked whether it still runs.
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
    /// It could not be started, or not be waited for.
    Io(io::Error),
    /// It still ran at the deadline, and was killed.
    Time,
    /// It printed more than the limit, and was killed.
    Size,
}

/// Runs a program to its end, its deadline, or its output limit.
///
/// It gets an empty standard input and a process group of its own, so that the kill at a
/// limit reaches its children too.
pub(crate) fn run<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
    deadline: Instant,
    max_output: usize,
) -> Result<Output, RunFault> {
    let mut command = Command::new(program);
    command.args(args).process_group(0).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(&mut command, deadline).map_err(RunFault::Io)?;
    let result = collect(&mut child, deadline, max_output);
    if result.is_err() {
        // Not reaped yet, so the number still is this group's.
        let group = Pid::from_raw(i32::try_from(child.id()).expect("process ids fit"));
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait();
    }
    result
}

/// A binary that is just being installed is busy for a moment.
fn spawn(command: &mut Command, deadline: Instant) -> io::Result<Child> {
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(TICK);
            }
            other => return other,
        }
    }
}

fn collect(child: &mut Child, deadline: Instant, max_output: usize) -> Result<Output, RunFault> {
    let mut stdout = Pipe::new(child.stdout.take(), max_output).map_err(RunFault::Io)?;
    let mut stderr = Pipe::new(child.stderr.take(), usize::MAX).map_err(RunFault::Io)?;
    let mut pause = Duration::from_millis(1);
    loop {
        // Asked before the pipes are emptied: what it wrote is in them by then.
        let ended = child.try_wait().map_err(RunFault::Io)?;
        stdout.drain()?;
        stderr.drain()?;
        stderr.bytes.truncate(MAX_STDERR);
        if let Some(status) = ended {
            return Ok(Output {
                status,
                stdout: stdout.bytes,
                stderr: stderr.bytes,
            });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(RunFault::Time);
        }
        if stdout.source.is_some() || stderr.source.is_some() {
            wait_for_data(&[&stdout, &stderr], left.min(TICK)).map_err(RunFault::Io)?;
        } else {
            std::thread::sleep(left.min(pause));
            pause = TICK.min(pause * 2);
        }
    }
}

fn wait_for_data(pipes: &[&Pipe; 2], longest: Duration) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = pipes
        .iter()
        .filter_map(|pipe| pipe.as_fd().map(|fd| PollFd::new(fd, PollFlags::POLLIN)))
        .collect();
    let timeout = PollTimeout::try_from(longest.max(Duration::from_millis(1)));
    match poll(&mut fds, timeout.unwrap_or(PollTimeout::ZERO)) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// One of the child's outputs: read without waiting, closed at its end.
struct Pipe {
    source: Option<Source>,
    bytes: Vec<u8>,
    limit: usize,
}

trait Readable: Read + AsFd {}
impl<T: Read + AsFd> Readable for T {}
type Source = Box<dyn Readable>;

impl Pipe {
    fn new<R: Read + AsFd + 'static>(source: Option<R>, limit: usize) -> io::Result<Self> {
        let source = source.expect("the command was given this pipe");
        fcntl(&source, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self {
            source: Some(Box::new(source)),
            bytes: Vec::new(),
            limit,
        })
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(|source| source.as_fd())
    }

    fn drain(&mut self) -> Result<(), RunFault> {
        let mut buffer = [0; 16 * 1024];
        while let Some(source) = &mut self.source {
            match source.read(&mut buffer) {
                Ok(0) => self.source = None,
                Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(RunFault::Io(error)),
            }
            if self.bytes.len() > self.limit {
                return Err(RunFault::Size);
            }
        }
        Ok(())
    }
}

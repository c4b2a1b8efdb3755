//! Starts the second process.

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::pipe2;

use super::line::{self, Ends, Line};
use super::relay::Relay;
use super::worker::{WORKER, names_stdin};

/// The second process, and what connects it with this one.
pub(super) struct Worker {
    pub(super) child: Child,
    /// Whether the kernel has given its end away. Its number may be another process's then.
    pub(super) is_reaped: bool,
    /// Since when its first thread has ended, as far as it was seen.
    pub(super) ended: Option<Instant>,
    pub(super) line: Line,
    pub(super) signals: SignalFd,
    /// The mask that was in force before.
    pub(super) mask: SigSet,
    pub(super) output: Option<Relay>,
    pub(super) errors: Option<Relay>,
}

impl Worker {
    /// Starts it. These signals are passed on to it, and SIGCHLD tells of its end.
    pub(super) fn start(set: &SigSet) -> io::Result<Self> {
        let signals = SignalFd::with_flags(set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let (mut line, ends) = line::open()?;
        let mut command = command(&ends);
        let (output, errors) = connect(&mut command)?;
        let child = command.spawn()?;
        // The worker's ends have to be its own alone, or they would never be closed.
        drop((command, ends));
        // Not before, because the worker begins with the mask that is in force. A signal that comes
        // until now ends this process, and by that the worker.
        let mask = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        // Who waits for the worker's end must keep no mount busy, as a working directory does.
        let _ = env::set_current_dir("/");
        // If something failed, it never begins, and this process may do the work itself.
        line.begin()?;
        Ok(Self {
            child,
            is_reaped: false,
            ended: None,
            line,
            signals,
            mask,
            output,
            errors,
        })
    }
}

fn command(ends: &Ends) -> Command {
    let mut args = env::args_os();
    let name = args.next().unwrap_or_default();
    let args: Vec<_> = args.collect();
    // Not by the path of the program: an update may have put another one there.
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(name)
        .args([WORKER, &std::process::id().to_string(), &ends.name()])
        .args(&args);
    if !args.iter().any(|arg| names_stdin(&arg.to_string_lossy())) {
        command.stdin(Stdio::null());
    }
    command
}

/// Connects the output of the worker with that of this process. Where both streams go to one
/// place (`2>&1`), they go through one pipe: so the lines stay in their order.
fn connect(command: &mut Command) -> io::Result<(Option<Relay>, Option<Relay>)> {
    let output = stream(&io::stdout())?;
    let errors = match (is_one_place(), &output) {
        (true, Some((_, worker))) => {
            command.stderr(worker.try_clone()?);
            None
        }
        _ => stream(&io::stderr())?,
    };
    let errors = errors.map(|(relay, worker)| {
        command.stderr(worker);
        relay
    });
    let output = output.map(|(relay, worker)| {
        command.stdout(worker);
        relay
    });
    Ok((output, errors))
}

/// Nobody waits for the end of a terminal, and programs ask it for its width: it is passed on as it
/// is. All else is kept from the worker.
fn stream(own: &(impl AsFd + IsTerminal + Write)) -> io::Result<Option<(Relay, OwnedFd)>> {
    if own.is_terminal() {
        return Ok(None);
    }
    let (from, worker) = pipe2(OFlag::O_CLOEXEC)?;
    let to = own.as_fd().try_clone_to_owned()?;
    Ok(Some((Relay::new(from, to), worker)))
}

/// Whether both streams of output go to one file, pipe or socket. Its file system is not asked,
/// which might wait.
fn is_one_place() -> bool {
    let place = |number: u8| fs::read_link(format!("/proc/self/fd/{number}")).ok();
    place(1).is_some_and(|output| place(2) == Some(output))
}

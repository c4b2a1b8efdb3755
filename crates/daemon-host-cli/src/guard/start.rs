//! Starts the second process.

use std::env;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::relay::Relay;
use super::worker::{WORKER, names_stdin};

/// The signals that are passed on, and the one that tells of the worker's end.
const SIGNALS: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCHLD,
];

/// The second process, and what connects it with this one.
pub(super) struct Worker {
    pub(super) child: Child,
    pub(super) signals: SignalFd,
    /// The mask that was in force before.
    pub(super) mask: SigSet,
    pub(super) output: Option<Relay>,
    pub(super) errors: Option<Relay>,
}

impl Worker {
    pub(super) fn start() -> io::Result<Self> {
        let set: SigSet = SIGNALS.into_iter().collect();
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let (output, errors) = (io::stdout(), io::stderr());
        let mut command = command();
        command.stdout(stream(&output)).stderr(stream(&errors));
        let mut child = command.spawn()?;
        // Not before, because the worker begins with the mask that is in force. A signal that comes
        // until now ends this process, and by that the worker.
        let mask = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        // Who waits for the worker's end must keep no mount busy, as a working directory does.
        let _ = env::set_current_dir("/");
        let relay = |from: Option<OwnedFd>, to: &dyn AsFd| {
            let to = to.as_fd().try_clone_to_owned().ok()?;
            Some(Relay::new(from?, to))
        };
        Ok(Self {
            output: relay(child.stdout.take().map(OwnedFd::from), &output),
            errors: relay(child.stderr.take().map(OwnedFd::from), &errors),
            child,
            signals,
            mask,
        })
    }
}

fn command() -> Command {
    let mut args = env::args_os();
    let name = args.next().unwrap_or_default();
    let args: Vec<_> = args.collect();
    // Not by the path of the program: an update may have put another one there.
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(name)
        .arg(WORKER)
        .arg(std::process::id().to_string())
        .args(&args);
    if !args.iter().any(|arg| names_stdin(&arg.to_string_lossy())) {
        command.stdin(Stdio::null());
    }
    command
}

/// Nobody waits for the end of a terminal, and programs ask it for its width: it is passed on as it
/// is. All else is kept from the worker.
fn stream(own: &impl io::IsTerminal) -> Stdio {
    match own.is_terminal() {
        true => Stdio::inherit(),
        false => Stdio::piped(),
    }
}

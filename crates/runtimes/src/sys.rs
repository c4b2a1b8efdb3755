//! The one unsafe call of this crate: what a child does between fork(2) and execve(2).

#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};

use nix::sys::signal::SigSet;

/// Starts a program with an empty signal mask. The caller's mask stays as it is.
///
/// Programs inherit the mask of the thread that starts them. One of a daemon that blocks SIGTERM
/// in its threads could not be ended by it. The caller must not empty its own mask for that, not
/// even for a moment: it may take its signals by signalfd(2), and then the kernel would give one to
/// this thread, and end the process by it.
pub(crate) fn spawn_unmasked(command: &mut Command) -> io::Result<Child> {
    let empty = SigSet::empty();
    let unmask = move || empty.thread_set_mask().map_err(io::Error::from);
    // SAFETY: the closure runs in the child after fork(2). It only calls pthread_sigmask(3), which
    // is safe there, on a value that it owns. An error is made of a number, without memory.
    unsafe { command.pre_exec(unmask) };
    command.spawn()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use nix::sys::signal::Signal;

    use super::*;

    #[test]
    fn a_program_gets_no_blocked_signal_and_the_thread_keeps_its_own() {
        let blocked = SigSet::from_iter([Signal::SIGTERM, Signal::SIGHUP]);
        blocked.thread_block().unwrap();
        let mut command = Command::new("cat");
        command.arg("/proc/self/status").stdout(Stdio::piped());
        let output = spawn_unmasked(&mut command).unwrap().wait_with_output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains("SigBlk:\t0000000000000000\n"), "{text}");
        let mask = SigSet::thread_get_mask().unwrap();
        assert!(mask.contains(Signal::SIGTERM) && mask.contains(Signal::SIGHUP));
    }
}

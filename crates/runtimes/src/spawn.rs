//! Starts programs that obey signals.

use std::io;
use std::process::{Child, Command};

use nix::sys::signal::{SigSet, SigmaskHow};

/// Starts a program with an empty signal mask.
///
/// Programs inherit the mask of the thread that starts them. One of a daemon that blocks SIGTERM
/// in its threads could not be ended by it.
pub(crate) fn spawn_unmasked(command: &mut Command) -> io::Result<Child> {
    let before = SigSet::empty().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let child = command.spawn();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    child
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

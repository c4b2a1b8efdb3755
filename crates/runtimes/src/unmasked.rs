//! Starts programs that do not have the signal mask of a daemon's threads.

use std::fs;
use std::io;
use std::panic::resume_unwind;
use std::process::{Child, Command};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

/// Starts a program with the mask that [`unmask`] gives. The caller's own mask stays as it is.
pub(crate) fn spawn_unmasked(command: &mut Command) -> io::Result<Child> {
    thread::scope(|scope| {
        let start = || {
            unmask();
            command.spawn()
        };
        let builder = thread::Builder::new().name("start".to_owned());
        let started = builder.spawn_scoped(scope, start)?.join();
        started.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Lets the signals through for which this process has a handler. It is for a thread that ends
/// soon.
///
/// A program inherits the mask of the thread that starts it. One of a daemon that blocks SIGTERM in
/// its threads could not be ended by it. A signal without a handler stays blocked: the process may
/// take it by signalfd(2). Then the kernel would give it to this thread, and it would end the
/// process.
pub(crate) fn unmask() {
    // Without procfs nothing is known, and the mask stays.
    if let Ok(status) = fs::read_to_string("/proc/thread-self/status") {
        let _ = caught(&status).thread_unblock();
    }
}

/// The signals of a process that have a handler, by its `status` in procfs.
fn caught(status: &str) -> SigSet {
    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let has = |signal: &Signal| mask.unwrap_or(0) >> (*signal as i32 - 1) & 1 == 1;
    Signal::iterator().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn the_signals_with_a_handler() {
        let status = "SigIgn:\t0000000000000001\nSigCgt:\t0000000100004406\nCapInh:\t0\n";
        let caught = caught(status);
        let all = Signal::iterator().filter(|signal| caught.contains(*signal));
        let names: Vec<_> = all.map(Signal::as_str).collect();
        assert_eq!(names, ["SIGINT", "SIGQUIT", "SIGSEGV", "SIGTERM"]);
        assert_eq!(super::caught("State:\tS\n"), SigSet::empty());
    }

    /// The standard library handles SIGBUS, and nobody handles SIGHUP here.
    #[test]
    fn a_program_has_no_handled_signal_blocked_and_the_thread_keeps_its_mask() {
        let blocked = SigSet::from_iter([Signal::SIGBUS, Signal::SIGHUP]);
        blocked.thread_block().unwrap();
        let mut command = Command::new("cat");
        command.arg("/proc/self/status").stdout(Stdio::piped());
        let output = spawn_unmasked(&mut command).unwrap().wait_with_output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains("SigBlk:\t0000000000000001\n"), "{text}");
        let mask = SigSet::thread_get_mask().unwrap();
        assert!(mask.contains(Signal::SIGBUS) && mask.contains(Signal::SIGHUP));
    }
}

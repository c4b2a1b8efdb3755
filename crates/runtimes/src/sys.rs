//! The unsafe calls of this crate: what a child does between fork(2) and execve(2).

#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};

use nix::libc::{CLOSE_RANGE_CLOEXEC, SYS_close_range, c_uint, syscall};
use nix::sys::signal::SigSet;

/// Starts a program with an empty signal mask, and with its three standard descriptors alone. The
/// caller's mask stays as it is.
///
/// Programs inherit the mask of the thread that starts them. One of a daemon that blocks SIGTERM
/// in its threads could not be ended by it. The caller must not empty its own mask for that, not
/// even for a moment: it may take its signals by signalfd(2), and then the kernel would give one to
/// this thread, and end the process by it.
pub(crate) fn spawn_apart(command: &mut Command) -> io::Result<Child> {
    let empty = SigSet::empty();
    let unmask = move || empty.thread_set_mask().map_err(io::Error::from);
    let begin = move || {
        close_on_exec();
        unmask()
    };
    // SAFETY: the closure runs in the child after fork(2). It only makes a system call and calls
    // pthread_sigmask(3), which is safe there, on a value that it owns. An error is made of a
    // number, without memory.
    unsafe { command.pre_exec(begin) };
    command.spawn()
}

/// Leaves nothing above standard error to the program that execve(2) starts next.
///
/// A child that does not come back would hold a lock, a port or the end of a pipe for ever. The
/// caller may have descriptors that others made, without the flag. Kernels before 5.11 do not know
/// the call or its flag: there the child has what it is given, as before.
fn close_on_exec() {
    let (first, last) = (3 as c_uint, c_uint::MAX);
    // SAFETY: the call takes three numbers and no memory. It closes nothing now: it sets a flag on
    // descriptors of this process alone, which the child of fork(2) has a table of its own for.
    unsafe { syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) };
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::process::Stdio;

    use nix::sys::signal::Signal;

    use super::*;

    #[test]
    fn a_program_gets_no_descriptor_of_ours() {
        let file = tempfile::tempfile().unwrap();
        // A number that no shell uses, and without the flag that closes it.
        let held = nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_DUPFD(200)).unwrap();
        // SAFETY: the number was just made, and nobody else closes it.
        let held = unsafe { OwnedFd::from_raw_fd(held) };
        let mut look = Command::new("sh");
        look.args(["-c", r#"test -e "/proc/$$/fd/$1""#, "sh"]);
        look.arg(held.as_raw_fd().to_string());
        assert!(look.status().unwrap().success());
        let status = spawn_apart(&mut look).unwrap().wait().unwrap();
        let release = nix::sys::utsname::uname().unwrap();
        let release = release.release().to_str().unwrap();
        let mut numbers = release.split(['.', '-']).map_while(|n| n.parse().ok());
        let kernel: (u32, u32) = (numbers.next().unwrap(), numbers.next().unwrap());
        assert_eq!(status.code(), Some(i32::from(kernel >= (5, 11))));
    }

    #[test]
    fn a_program_gets_no_blocked_signal_and_the_thread_keeps_its_own() {
        let blocked = SigSet::from_iter([Signal::SIGTERM, Signal::SIGHUP]);
        blocked.thread_block().unwrap();
        let mut command = Command::new("cat");
        command.arg("/proc/self/status").stdout(Stdio::piped());
        let output = spawn_apart(&mut command).unwrap().wait_with_output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains("SigBlk:\t0000000000000000\n"), "{text}");
        let mask = SigSet::thread_get_mask().unwrap();
        assert!(mask.contains(Signal::SIGTERM) && mask.contains(Signal::SIGHUP));
    }
}

//! The two calls of the tests' helpers that the compiler cannot check.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::thread::UnshareFlags;

/// Has a function called when the process ends in the normal way.
pub(crate) fn at_exit(handler: extern "C" fn()) {
    // SAFETY: a plain registration; the function takes nothing and lives as long as the process.
    let answer = unsafe { libc::atexit(handler) };
    assert_eq!(answer, 0, "atexit has room for 32 functions at least");
}

/// Has a command do something in its own process before its program starts.
///
/// `act` may make system calls and nothing else: no allocation, no lock.
pub(crate) fn before_exec(
    command: &mut Command,
    act: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: between fork and exec `act` makes only system calls on what it owns, as this
    // function demands; so no lock that another thread of the parent holds is waited for.
    unsafe { command.pre_exec(act) };
}

/// Gives the calling thread namespaces of its own. The descriptor table stays shared.
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    assert!(
        !flags.contains(UnshareFlags::FILES),
        "descriptors stay shared"
    );
    // SAFETY: the call is unsafe for what FILES does to descriptors, and that is excluded above.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

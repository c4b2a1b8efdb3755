//! The one system call that no safe wrapper has: `fcntl` with `F_SETLEASE`.
//!
//! The kernel grants a write lease only while nobody else has the file open. Anyone who opens the
//! file then waits until the lease is given back. There is no other way to rewrite a file in place
//! so that no reader sees a part of the work. Even a reader that reads in small pieces sees none.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::io::Errno;

/// The numbers below are those of `asm-generic/fcntl.h`. Ports with other numbers get no leases.
const PORT_IS_GENERIC: bool = cfg!(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "riscv64",
    target_arch = "powerpc64",
    target_arch = "s390x",
    target_arch = "loongarch64",
));

const F_SETSIG: c_int = 10;
const F_SETLEASE: c_int = 1024;
const F_WRLCK: c_int = 1;
const F_UNLCK: c_int = 2;
/// A process ignores this signal by default.
const SIGURG: c_int = 23;

unsafe extern "C" {
    fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
}

/// Takes a write lease on an open file.
///
/// Only the file's owner or a process with CAP_LEASE may do this (else EACCES), and only on a file
/// system with leases (else EINVAL). EAGAIN: someone else has the file open.
///
/// When someone waits, the kernel sends the holder a signal. The default signal, SIGIO, would end
/// the process. So SIGURG is chosen before, which does nothing by default.
pub(crate) fn take_write_lease(file: BorrowedFd<'_>) -> Result<(), Errno> {
    if !PORT_IS_GENERIC {
        return Err(Errno::NOSYS);
    }
    // The signal must be set first: a reader may come as soon as the lease is held.
    control(file, F_SETSIG, SIGURG)?;
    control(file, F_SETLEASE, F_WRLCK)
}

/// Gives a lease back. Anyone who waits to open the file goes on.
pub(crate) fn drop_lease(file: impl AsFd) -> Result<(), Errno> {
    control(file.as_fd(), F_SETLEASE, F_UNLCK)
}

fn control(file: BorrowedFd<'_>, command: c_int, argument: c_int) -> Result<(), Errno> {
    // SAFETY: both commands take one int and touch no memory of ours; the descriptor is borrowed
    // and therefore open.
    let answer = unsafe { fcntl(file.as_raw_fd(), command, argument) };
    if answer == -1 {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    Ok(())
}

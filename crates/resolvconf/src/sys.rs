//! The one system call that no safe wrapper has: `fcntl` with `F_SETLEASE`.
//!
//! A write lease is granted only while nobody else has the file open. Whoever opens the file then
//! waits until the lease is given back. There is no other way to rewrite a file in place so that no
//! reader sees half of the work, however small the pieces are in which it reads.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::io::Errno;

/// The numbers are those of `asm-generic/fcntl.h`; ports that deviate go without leases.
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
/// Ignored unless a program asks for it.
const SIGURG: c_int = 23;

unsafe extern "C" {
    fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
}

/// Takes a write lease on an open file.
///
/// Needs the file's owner or CAP_LEASE (EACCES without), and a file system with leases (EINVAL).
/// EAGAIN: someone else has the file open.
///
/// The kernel tells the holder by a signal that someone waits; the default one, SIGIO, would end
/// the process, so SIGURG, which does nothing by default, is asked for first.
pub(crate) fn take_write_lease(file: BorrowedFd<'_>) -> Result<(), Errno> {
    if !PORT_IS_GENERIC {
        return Err(Errno::NOSYS);
    }
    control(file, F_SETSIG, SIGURG)?;
    control(file, F_SETLEASE, F_WRLCK)
}

/// Gives a lease back; whoever waits to open the file goes on.
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

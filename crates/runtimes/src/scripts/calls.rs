//! System calls as every file of this room makes them.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

/// Mode of every script: read and execute for the owner.
pub(crate) const MODE: Mode = Mode::S_IRUSR.union(Mode::S_IXUSR);

/// Repeats a call that a signal interrupted. A file system of the network or of FUSE can say so.
///
/// nix has no function for this, and the crate has no rustix. It is the only such loop here.
pub(crate) fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

/// Removes a name; used on temporary ones only.
pub(crate) fn remove(dir: BorrowedFd<'_>, name: &str) -> nix::Result<()> {
    retry(|| unlinkat(dir, name, UnlinkatFlags::NoRemoveDir))
}

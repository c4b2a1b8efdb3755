//! The system calls that neither nix nor rustix wraps, and the only unsafe code
//! of the crate: `mount_setattr`, `statmount`, and `fchdir`/`geteuid` without a
//! further feature of a dependency.
#![allow(unsafe_code)]

use std::ffi::{c_long, c_uint};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

use mountscan::UniqueMountId;

/// Numbers of calls newer than the table of older libc crates; the same on every
/// architecture but alpha.
const SYS_MOUNT_SETATTR: c_long = 442;
const SYS_STATMOUNT: c_long = 457;
const STATMOUNT_MNT_BASIC: u64 = 0x2;

/// `struct mount_attr`, first version.
#[repr(C)]
#[derive(Default)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// `struct mnt_id_req`, first version.
#[repr(C)]
struct MountIdRequest {
    size: u32,
    spare: u32,
    mount_id: u64,
    param: u64,
}

/// Changes the propagation of the mount that a descriptor names, attached or not.
/// Linux 5.12.
///
/// See mount_setattr(2).
pub(crate) fn set_propagation(mount: BorrowedFd<'_>, propagation: u64) -> io::Result<()> {
    let attr = MountAttr {
        propagation,
        ..MountAttr::default()
    };
    // SAFETY: the descriptor is open, the path is a NUL-terminated constant, and
    // the kernel only reads `size_of::<MountAttr>()` bytes from a live struct.
    let result = unsafe {
        libc::syscall(
            SYS_MOUNT_SETATTR,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH as c_uint,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Whether a mount is still in this mount namespace; `None` where the kernel (6.8)
/// or a filter does not let one ask.
///
/// See statmount(2).
pub(crate) fn is_mounted(id: UniqueMountId) -> Option<bool> {
    let request = MountIdRequest {
        size: size_of::<MountIdRequest>() as u32,
        spare: 0,
        mount_id: id.0,
        param: STATMOUNT_MNT_BASIC,
    };
    let mut answer = [0u64; 64];
    // SAFETY: the request is a live struct of the size it states, the answer a live
    // buffer of the size passed, to which alone the kernel writes.
    let result = unsafe {
        libc::syscall(
            SYS_STATMOUNT,
            &raw const request,
            answer.as_mut_ptr(),
            size_of::<[u64; 64]>(),
            0 as c_uint,
        )
    };
    match result {
        0 => Some(true),
        _ if io::Error::last_os_error().raw_os_error() == Some(libc::ENOENT) => Some(false),
        _ => None,
    }
}

/// Changes the working directory of the calling thread, and of those it shares it
/// with.
pub(crate) fn change_dir(directory: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes a descriptor that the borrow keeps open, and no memory.
    let result = unsafe { libc::fchdir(directory.as_raw_fd()) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The effective user id.
pub(crate) fn effective_uid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

//! The system calls that neither nix nor rustix wraps: `mount_setattr`, and questions about
//! namespaces.
//! All unsafe code of the crate is here.
#![allow(unsafe_code)]

use std::ffi::{c_long, c_uint};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::ioctl::{Getter, ioctl, opcode};
use rustix::mount::MountPropagationFlags;

/// Newer than the table of older libc crates. It is the same on every architecture
/// except alpha.
const SYS_MOUNT_SETATTR: c_long = 442;

/// How mounts on a mount spread.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spread {
    /// `MS_PRIVATE`: not at all.
    Private,
    /// `MS_SHARED`: to its peers and slaves.
    Shared,
}

/// `struct mount_attr`, first version.
#[repr(C)]
#[derive(Default)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Changes the propagation of the mount that a descriptor names, attached or not.
/// Linux 5.12.
///
/// See mount_setattr(2).
pub(crate) fn set_propagation(mount: BorrowedFd<'_>, spread: Spread) -> io::Result<()> {
    let propagation = match spread {
        Spread::Private => MountPropagationFlags::PRIVATE,
        Spread::Shared => MountPropagationFlags::SHARED,
    };
    let attr = MountAttr {
        propagation: u64::from(propagation.bits()),
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

/// The number of the questions about namespaces, `NSIO` of linux/nsfs.h.
const NSIO: u8 = 0xb7;

/// The id of a namespace of any kind. It is never used again. Linux 6.18.
///
/// See ioctl_nsfs(2).
pub(crate) fn namespace_id(namespace: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: `NS_GET_ID` is a question that writes one u64 to the place that it is given, and a
    // `Getter` of u64 gives it such a place. A kernel that does not know it writes nothing and
    // fails.
    let id = unsafe {
        ioctl(
            namespace,
            Getter::<{ opcode::read::<u64>(NSIO, 13) }, u64>::new(),
        )
    };
    Ok(id?)
}

/// The user namespace to which a namespace belongs. `EPERM` if that is above the caller's. Linux
/// 4.9.
///
/// See ioctl_nsfs(2).
pub(crate) fn owner(namespace: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor is open, and `NS_GET_USERNS` has no argument.
    let answer = unsafe { libc::ioctl(namespace.as_raw_fd(), opcode::none(NSIO, 1) as _) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(answer) })
}

//! The raw system calls of this crate.
//!
//! `mount_setattr(2)` is called by number: std and rustix do not wrap it. The probe also calls it
//! with arguments that a safe wrapper would rightly refuse (descriptor −1, no attribute).
//! `uname(2)` is called here because rustix's `uname` assumes that no filter refuses it.

#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;

use rustix::io::Errno;

/// `struct mount_attr`, first version (32 bytes), as in `linux/mount.h`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct MountAttr {
    pub(crate) attr_set: u64,
    pub(crate) attr_clr: u64,
    pub(crate) propagation: u64,
    pub(crate) userns_fd: u64,
}

/// `MOUNT_ATTR_RDONLY`.
pub(crate) const RDONLY: u64 = 0x1;
/// `AT_RECURSIVE`.
pub(crate) const RECURSIVE: u32 = 0x8000;
/// `AT_EMPTY_PATH`.
pub(crate) const EMPTY_PATH: u32 = 0x1000;

/// Calls `mount_setattr(fd, path, flags, attr, size)` once; `None` is a null pointer of size 0.
pub(crate) fn mount_setattr(
    fd: i32,
    path: &CStr,
    flags: u32,
    attr: Option<&MountAttr>,
) -> Result<(), Errno> {
    let (attr, size) = match attr {
        Some(attr) => (std::ptr::from_ref(attr), size_of::<MountAttr>()),
        None => (std::ptr::null(), 0),
    };
    // SAFETY: `path` is NUL-terminated, and `attr` is null or points to `size` readable bytes. Both
    // outlive the call, and the kernel only reads them. `fd` may be anything: the kernel checks it.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            fd,
            path.as_ptr(),
            flags,
            attr,
            size,
        )
    };
    if answer == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO))
}

/// The release of the kernel, such as `6.1.0-31-amd64`; empty if a filter refuses `uname(2)`.
pub(crate) fn kernel_release() -> Vec<u8> {
    let mut names = std::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the kernel writes one `struct utsname` to `names`, which is ours and as large.
    if unsafe { libc::uname(names.as_mut_ptr()) } != 0 {
        return Vec::new();
    }
    // SAFETY: the memory was zeroed, and perhaps written by the call. The struct is arrays of
    // bytes, for which every value is valid.
    let names = unsafe { names.assume_init() };
    let bytes = names.release.iter().take_while(|&&byte| byte != 0);
    bytes.map(|&byte| byte as u8).collect()
}

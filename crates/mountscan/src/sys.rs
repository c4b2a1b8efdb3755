//! The system calls that no safe wrapper has: the mount id out of name_to_handle_at. All unsafe code of the crate is here.
//!
//! Each function is the call and nothing more: errors are the kernel's own.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The unique id of the mount that an open file is on, without asking the file system (Linux 6.12).
pub(crate) fn unique_id_by_handle(file: BorrowedFd<'_>) -> io::Result<u64> {
    const AT_HANDLE_MNT_ID_UNIQUE: libc::c_int = 1;
    // `struct file_handle` with room for no handle: `handle_bytes` 0, `handle_type` 0.
    let mut handle = [0u32; 2];
    let mut mount = 0u64;
    // SAFETY: the empty name is a C string; the kernel reads `handle_bytes` as 0 and so writes only the two
    // words of `handle`; with the UNIQUE flag it writes eight bytes to `mount`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            file.as_raw_fd(),
            c"".as_ptr(),
            handle.as_mut_ptr(),
            &raw mut mount,
            libc::AT_EMPTY_PATH | AT_HANDLE_MNT_ID_UNIQUE,
        )
    };
    let error = io::Error::last_os_error();
    // No room for the handle is the answer hoped for: the id has been stored by then.
    match (result, error.raw_os_error()) {
        (0, _) | (_, Some(libc::EOVERFLOW)) if mount != 0 => Ok(mount),
        _ => Err(error),
    }
}

//! The floors: the cheapest calls that could do the work, and nothing around them.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The cheapest that can read the table: the file in steps, kept nowhere.
pub(crate) fn bare_read(step: usize) -> usize {
    let mut file = File::open("/proc/thread-self/mountinfo").expect("readable");
    let mut buffer = vec![0; step];
    let mut total = 0;
    loop {
        match file.read(&mut buffer).expect("readable") {
            0 => return total,
            count => total += count,
        }
    }
}

/// listmount(2) of everything, nothing else.
pub(crate) fn bare_list(root: u64, ids: &mut [u64]) -> usize {
    let request: [u64; 4] = [32, root, 0, 0];
    // SAFETY: the request is 32 bytes and says so; the kernel writes at most `ids.len()` words to `ids`.
    let count = unsafe { libc::syscall(458, request.as_ptr(), ids.as_mut_ptr(), ids.len(), 0) };
    usize::try_from(count).unwrap_or(0)
}

/// statmount(2) of one mount.
pub(crate) fn bare_stat(id: u64, mask: u64, answer: &mut [u8]) -> bool {
    let request: [u64; 4] = [32, id, mask, 0];
    // SAFETY: as above, for bytes.
    unsafe { libc::syscall(457, request.as_ptr(), answer.as_mut_ptr(), answer.len(), 0) == 0 }
}

pub(crate) fn bare_statx(path: &CStr) -> u64 {
    // SAFETY: all of `struct statx` is plain numbers, for which zero is valid.
    let mut answer: libc::statx = unsafe { std::mem::zeroed() };
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | libc::AT_STATX_DONT_SYNC;
    // SAFETY: the path is a C string and the answer has room.
    let result = unsafe {
        libc::statx(
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            0x4000,
            &raw mut answer,
        )
    };
    assert_eq!(result, 0);
    answer.stx_mnt_id
}

pub(crate) const LISTS_ALL: u64 = u64::MAX;
pub(crate) const EVERYTHING: u64 = 0x3bf;
pub(crate) const PLACES: u64 = 0x13f;

pub(crate) fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL")
}

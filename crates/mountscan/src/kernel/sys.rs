//! The system calls for which there is no safe wrapper: statmount, listmount, the mount events of
//! fanotify, the mount id of name_to_handle_at, the namespace id of an nsfs file, kcmp. All unsafe
//! code of the crate is here.
//!
//! Each function makes the call and nothing more. Errors are those of the kernel.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Makes listmount begin at the caller's root directory (`LSMT_ROOT`).
pub(crate) const LSMT_ROOT: u64 = u64::MAX;

const SYS_STATMOUNT: libc::c_long = 457;
const SYS_LISTMOUNT: libc::c_long = 458;

/// Flag of listmount(2): the newest mounts first (Linux 6.11).
const LISTMOUNT_REVERSE: libc::c_uint = 1;
/// Flag of statmount(2): about the mount that a descriptor is on (Linux 7.0).
const STATMOUNT_BY_FD: libc::c_uint = 1;

/// `struct mnt_id_req` of linux/mount.h, in its second published size (Linux 6.11). Older kernels
/// take it if the last word is zero.
#[repr(C)]
struct MntIdReq {
    size: u32,
    /// Used only with [`STATMOUNT_BY_FD`]. Otherwise it must be zero.
    mnt_fd: u32,
    mnt_id: u64,
    param: u64,
    mnt_ns_id: u64,
}

fn request(mount: u64, param: u64, namespace: u64) -> MntIdReq {
    MntIdReq {
        size: size_of::<MntIdReq>() as u32,
        mnt_fd: 0,
        mnt_id: mount,
        param,
        mnt_ns_id: namespace,
    }
}

/// Checks a call that returns 0 or fails.
fn checked(result: impl Into<libc::c_long>) -> io::Result<()> {
    match result.into() {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// listmount(2): the unique ids of all mounts below `mount` that are greater than `after`,
/// ascending, as many as fit. `namespace` 0 is that of the caller.
pub(crate) fn listmount(
    mount: u64,
    namespace: u64,
    after: u64,
    ids: &mut [u64],
) -> io::Result<usize> {
    list(&request(mount, after, namespace), ids, 0)
}

/// The same, descending from the newest mount. `before` 0 is the end of the list.
pub(crate) fn listmount_backwards(
    mount: u64,
    namespace: u64,
    before: u64,
    ids: &mut [u64],
) -> io::Result<usize> {
    list(&request(mount, before, namespace), ids, LISTMOUNT_REVERSE)
}

fn list(request: &MntIdReq, ids: &mut [u64], flags: libc::c_uint) -> io::Result<usize> {
    // SAFETY: the request is a live struct of the size it states, and the kernel writes at most
    // `ids.len()` words of eight bytes to `ids`, which is exclusively ours.
    let count = unsafe {
        libc::syscall(
            SYS_LISTMOUNT,
            &raw const *request,
            ids.as_mut_ptr(),
            ids.len(),
            flags,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// statmount(2): the fields of `mask` about `mount`, as the kernel's `struct statmount` and its
/// strings.
pub(crate) fn statmount(
    mount: u64,
    namespace: u64,
    mask: u64,
    answer: &mut [u8],
) -> io::Result<()> {
    stat(&request(mount, mask, namespace), answer, 0)
}

/// The same about the mount of an open file, even if no namespace has the mount any more.
pub(crate) fn statmount_by_fd(
    file: BorrowedFd<'_>,
    mask: u64,
    answer: &mut [u8],
) -> io::Result<()> {
    let mut request = request(0, mask, 0);
    // An open descriptor is never negative.
    request.mnt_fd = file.as_raw_fd() as u32;
    stat(&request, answer, STATMOUNT_BY_FD)
}

fn stat(request: &MntIdReq, answer: &mut [u8], flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: the request is a live struct of the size it states; the kernel writes at most the
    // stated number of bytes to `answer`, which holds plain bytes for which any bits are valid.
    let result = unsafe {
        libc::syscall(
            SYS_STATMOUNT,
            &raw const *request,
            answer.as_mut_ptr(),
            answer.len(),
            flags,
        )
    };
    checked(result)
}

/// The unique id of the mount of an open file (Linux 6.12). The file system is not asked.
pub(crate) fn unique_id_by_handle(file: BorrowedFd<'_>) -> io::Result<u64> {
    const AT_HANDLE_MNT_ID_UNIQUE: libc::c_int = 1;
    // `struct file_handle` with room for no handle: `handle_bytes` 0, `handle_type` 0.
    let mut handle = [0u32; 2];
    let mut mount = 0u64;
    // SAFETY: the empty name is a C string; the kernel reads `handle_bytes` as 0 and so writes only
    // the two words of `handle`; with the UNIQUE flag it writes eight bytes to `mount`.
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
    // There is no room for the handle, so EOVERFLOW is the good answer: the id has been stored by
    // then.
    match (result, error.raw_os_error()) {
        (0, _) | (_, Some(libc::EOVERFLOW)) if mount != 0 => Ok(mount),
        _ => Err(error),
    }
}

/// The 64-bit id of a mount namespace, by its nsfs file (Linux 6.11).
pub(crate) fn namespace_id(namespace: BorrowedFd<'_>) -> io::Result<u64> {
    let mut id = 0u64;
    // SAFETY: NS_GET_MNTNS_ID is encoded for, and writes, one word of eight bytes.
    let result = unsafe { libc::ioctl(namespace.as_raw_fd(), libc::NS_GET_MNTNS_ID, &raw mut id) };
    checked(result).map(|()| id)
}

/// What two threads may share.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Compared {
    /// The table of descriptors (`KCMP_FILES` of linux/kcmp.h).
    Descriptors = 2,
    /// Root and working directory (`KCMP_FS`).
    Places = 3,
}

/// kcmp(2): whether two threads share something (Linux 3.5, `CONFIG_KCMP`). The numbers are those
/// of the caller's pid namespace.
pub(crate) fn kcmp(one: u32, other: u32, what: Compared) -> io::Result<bool> {
    let zero: libc::c_ulong = 0;
    // SAFETY: takes integers only. The last two mean nothing for these comparisons.
    let result = unsafe {
        libc::syscall(
            libc::SYS_kcmp,
            one as libc::pid_t,
            other as libc::pid_t,
            what as libc::c_int,
            zero,
            zero,
        )
    };
    match result {
        ..0 => Err(io::Error::last_os_error()),
        order => Ok(order == 0),
    }
}

/// Enters a mount namespace.
///
/// This changes the calling thread for good. Call it on a thread that ends after use.
pub(crate) fn enter_mount_namespace(namespace: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes integers; the thread's root and working directory become its own, which setns
    // demands.
    checked(unsafe { libc::unshare(libc::CLONE_FS) })?;
    // SAFETY: takes integers; the descriptor is open for the length of the call.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNS) })
}

/// A descriptor for mount events (Linux 6.15). It is close-on-exec and does not block.
pub(crate) fn fanotify_mount_events() -> io::Result<OwnedFd> {
    const FAN_REPORT_MNT: libc::c_uint = 0x4000;
    fanotify(FAN_REPORT_MNT)
}

/// A descriptor for marks. It is close-on-exec and does not block.
pub(crate) fn fanotify_marks() -> io::Result<OwnedFd> {
    fanotify(libc::FAN_CLASS_NOTIF)
}

fn fanotify(flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: takes two integers.
    let fd = unsafe {
        libc::fanotify_init(
            flags | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK,
            libc::O_CLOEXEC as libc::c_uint,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor; no one else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Marks the mount to which `path` leads. The mark only says what to ignore, so that no event ever
/// comes. An event would keep the mount busy.
pub(crate) fn fanotify_mark_mount(marks: BorrowedFd<'_>, path: &CStr) -> io::Result<()> {
    const IGNORE: libc::c_uint = libc::FAN_MARK_IGNORED_MASK | libc::FAN_MARK_IGNORED_SURV_MODIFY;
    // SAFETY: the descriptor is open and the path is a C string for the length of the call.
    let result = unsafe {
        libc::fanotify_mark(
            marks.as_raw_fd(),
            libc::FAN_MARK_ADD | libc::FAN_MARK_MOUNT | IGNORE,
            libc::FAN_ACCESS,
            libc::AT_FDCWD,
            path.as_ptr(),
        )
    };
    checked(result)
}

/// Asks for the attach and detach events of a mount namespace.
pub(crate) fn fanotify_mark_namespace(
    events: BorrowedFd<'_>,
    namespace: BorrowedFd<'_>,
) -> io::Result<()> {
    const FAN_MARK_MNTNS: libc::c_uint = 0x110;
    const FAN_MNT_ATTACH: u64 = 0x0100_0000;
    const FAN_MNT_DETACH: u64 = 0x0200_0000;
    // SAFETY: both descriptors are open for the length of the call; a null path means the
    // descriptor itself.
    let result = unsafe {
        libc::fanotify_mark(
            events.as_raw_fd(),
            libc::FAN_MARK_ADD | FAN_MARK_MNTNS,
            FAN_MNT_ATTACH | FAN_MNT_DETACH,
            namespace.as_fd().as_raw_fd(),
            std::ptr::null::<libc::c_char>(),
        )
    };
    checked(result)
}

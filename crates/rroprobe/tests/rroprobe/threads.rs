//! Threads without privileges or under a seccomp filter.

#![allow(unsafe_code)]

use std::io;
use std::path::Path;
use std::thread;

/// Runs `body` on a thread that has given up all capabilities.
pub(crate) fn without_capabilities<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    on_a_thread(|| {
        // `struct __user_cap_header_struct` version 3, this thread; then two empty data words.
        let header: [u32; 2] = [0x2008_0522, 0];
        let data = [0u32; 6];
        // SAFETY: both arrays have the layout and size the call reads for version 3.
        let answer = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) };
        assert_eq!(answer, 0, "capset: {}", io::Error::last_os_error());
        body()
    })
}

/// Runs `body` on a thread under a seccomp filter that answers `mount_setattr` with `errno`.
pub(crate) fn with_mount_setattr_failing<T: Send>(
    errno: i32,
    body: impl FnOnce() -> T + Send,
) -> T {
    on_a_thread(|| {
        filter(libc::SYS_mount_setattr, errno);
        body()
    })
}

/// Like [`with_mount_setattr_failing`], for any call.
pub(crate) fn with_call_failing<T: Send>(
    call: libc::c_long,
    errno: i32,
    body: impl FnOnce() -> T + Send,
) -> T {
    on_a_thread(|| {
        filter(call, errno);
        body()
    })
}

fn on_a_thread<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(body).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn filter(call: libc::c_long, errno: i32) {
    let step = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let program = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0), // the call's number
        step(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            1,
            call as u32,
        ),
        step(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | errno as u32,
        ),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: `program` and the steps it points to outlive the calls, which copy them; both settings
    // concern the calling thread alone.
    let answer = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            | libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program)
    };
    assert_eq!(answer, 0, "seccomp: {}", io::Error::last_os_error());
}

/// Puts the calling thread into a new mount namespace.
pub(crate) fn unshare_mounts() {
    // SAFETY: a plain system call; only the calling thread changes.
    let answer = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    assert_eq!(answer, 0, "unshare: {}", io::Error::last_os_error());
}

/// A shared, writable mapping of a file's first page, gone when dropped.
pub(crate) struct Mapping(*mut libc::c_void);

impl Mapping {
    pub(crate) fn of(file: &std::fs::File) -> Self {
        use std::os::fd::AsRawFd;
        let (null, rw) = (std::ptr::null_mut(), libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: a new mapping at an address of the kernel's choice; nothing reads or writes through it.
        let at = unsafe { libc::mmap(null, 4096, rw, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        assert_ne!(at, libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
        Self(at)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `of`; no reference into it exists.
        unsafe { libc::munmap(self.0, 4096) };
    }
}

/// Mounts a tmpfs on a new directory.
pub(crate) fn tmpfs(at: &Path) {
    std::fs::create_dir(at).expect("a new directory");
    rustix::mount::mount(
        "tmpfs",
        at,
        "tmpfs",
        rustix::mount::MountFlags::empty(),
        None,
    )
    .unwrap_or_else(|error| panic!("tmpfs on {at:?}: {error}"));
}

/// Covers the temporary directory with an empty tmpfs, so that no other process can change it.
pub(crate) fn tmpfs_on_tmp() {
    let temp = std::env::temp_dir();
    rustix::mount::mount(
        "tmpfs",
        &temp,
        "tmpfs",
        rustix::mount::MountFlags::empty(),
        None,
    )
    .unwrap_or_else(|error| panic!("tmpfs on {temp:?}: {error}"));
}

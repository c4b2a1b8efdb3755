//! Children in namespaces of their own; threads without privileges or under a seccomp filter.

#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use rustix::mount::{MountPropagationFlags, mount_change};

const INSIDE: &str = "RROPROBE_TEST_INSIDE";

/// What a child's new mount namespace belongs to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Owner {
    /// The user namespace of this process if it may, else a new one.
    Whoever,
    /// A new user namespace, also for root.
    NewUser,
}

/// Runs `body` in a child process with a mount namespace of its own; `test` is this test's full name.
///
/// The child is this same test binary, started again for this one test. Where the machine refuses the
/// namespace the test is skipped aloud.
pub(crate) fn in_own_mount_namespace(test: &str, owner: Owner, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        mount_change(
            "/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )
        .expect("a namespace of one's own can be made private");
        return body();
    }
    let new_user = owner == Owner::NewUser || !has_sys_admin();
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(INSIDE, "1");
    // SAFETY: between fork and exec the closure only makes system calls and small writes on its own
    // descriptors; it touches no lock that another thread of the parent could hold.
    unsafe { command.pre_exec(move || enter(new_user)) };
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if new_user && !has_sys_admin() => {
            eprintln!("skipped: {test}: no user namespace here: {error}");
            return;
        }
        Err(error) => panic!("{test}: cannot start in a namespace: {error}"),
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{test} failed in its namespace:\n{text}"
    );
    assert!(
        text.contains("1 passed"),
        "{test} did not run in its namespace:\n{text}"
    );
}

fn enter(new_user: bool) -> io::Result<()> {
    // SAFETY: plain system calls without pointers.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    let flags = libc::CLONE_NEWNS | if new_user { libc::CLONE_NEWUSER } else { 0 };
    // SAFETY: a plain system call; the process is single-threaded after fork.
    if unsafe { libc::unshare(flags) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if new_user {
        std::fs::write("/proc/self/setgroups", "deny")?;
        std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    }
    Ok(())
}

/// Whether this thread has `CAP_SYS_ADMIN` in its user namespace.
pub(crate) fn has_sys_admin() -> bool {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("/proc is mounted");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .expect("CapEff is there");
    u64::from_str_radix(line.trim(), 16).expect("a hex mask") & (1 << 21) != 0
}

/// Whether this process is in the machine's first user namespace, where all ids map to themselves.
pub(crate) fn in_first_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").expect("/proc is mounted");
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

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

//! System calls of x86_64: names, which of them matter, and how one is written
//! in a report. Numbers in, words out; what a pointer points at is read by the
//! caller.

/// Makes the table of names from the numbers that libc has.
macro_rules! table {
    ($($name:ident = $number:ident),* $(,)?) => {
        &[$((libc::$number, stringify!($name))),*]
    };
}

/// The calls that the operations are known to make, and their near relations.
/// Another one is reported by its number.
const NAMES: &[(libc::c_long, &str)] = table![
    access = SYS_access,
    chdir = SYS_chdir,
    chmod = SYS_chmod,
    clone = SYS_clone,
    clone3 = SYS_clone3,
    close = SYS_close,
    close_range = SYS_close_range,
    connect = SYS_connect,
    copy_file_range = SYS_copy_file_range,
    creat = SYS_creat,
    dup = SYS_dup,
    dup2 = SYS_dup2,
    dup3 = SYS_dup3,
    epoll_create1 = SYS_epoll_create1,
    epoll_ctl = SYS_epoll_ctl,
    epoll_wait = SYS_epoll_wait,
    eventfd2 = SYS_eventfd2,
    execve = SYS_execve,
    execveat = SYS_execveat,
    faccessat = SYS_faccessat,
    faccessat2 = SYS_faccessat2,
    fallocate = SYS_fallocate,
    fchdir = SYS_fchdir,
    fchmod = SYS_fchmod,
    fchmodat = SYS_fchmodat,
    fchown = SYS_fchown,
    fchownat = SYS_fchownat,
    fcntl = SYS_fcntl,
    fdatasync = SYS_fdatasync,
    flock = SYS_flock,
    fork = SYS_fork,
    fsconfig = SYS_fsconfig,
    fsmount = SYS_fsmount,
    fsopen = SYS_fsopen,
    fstat = SYS_fstat,
    fstatfs = SYS_fstatfs,
    fsync = SYS_fsync,
    ftruncate = SYS_ftruncate,
    getcwd = SYS_getcwd,
    getdents64 = SYS_getdents64,
    getxattr = SYS_getxattr,
    inotify_add_watch = SYS_inotify_add_watch,
    inotify_init1 = SYS_inotify_init1,
    ioctl = SYS_ioctl,
    kill = SYS_kill,
    link = SYS_link,
    linkat = SYS_linkat,
    lseek = SYS_lseek,
    lstat = SYS_lstat,
    mkdir = SYS_mkdir,
    mkdirat = SYS_mkdirat,
    mknodat = SYS_mknodat,
    mount = SYS_mount,
    mount_setattr = SYS_mount_setattr,
    move_mount = SYS_move_mount,
    newfstatat = SYS_newfstatat,
    open = SYS_open,
    open_tree = SYS_open_tree,
    openat = SYS_openat,
    openat2 = SYS_openat2,
    pidfd_open = SYS_pidfd_open,
    pipe = SYS_pipe,
    pipe2 = SYS_pipe2,
    pivot_root = SYS_pivot_root,
    poll = SYS_poll,
    ppoll = SYS_ppoll,
    prctl = SYS_prctl,
    pread64 = SYS_pread64,
    preadv = SYS_preadv,
    prlimit64 = SYS_prlimit64,
    pwrite64 = SYS_pwrite64,
    pwritev = SYS_pwritev,
    read = SYS_read,
    readlink = SYS_readlink,
    readlinkat = SYS_readlinkat,
    readv = SYS_readv,
    recvfrom = SYS_recvfrom,
    recvmsg = SYS_recvmsg,
    rename = SYS_rename,
    renameat = SYS_renameat,
    renameat2 = SYS_renameat2,
    rmdir = SYS_rmdir,
    sendfile = SYS_sendfile,
    sendmsg = SYS_sendmsg,
    sendto = SYS_sendto,
    setns = SYS_setns,
    setpgid = SYS_setpgid,
    setsid = SYS_setsid,
    setsockopt = SYS_setsockopt,
    setxattr = SYS_setxattr,
    socket = SYS_socket,
    socketpair = SYS_socketpair,
    splice = SYS_splice,
    stat = SYS_stat,
    statfs = SYS_statfs,
    statx = SYS_statx,
    symlink = SYS_symlink,
    symlinkat = SYS_symlinkat,
    sync = SYS_sync,
    syncfs = SYS_syncfs,
    truncate = SYS_truncate,
    umount2 = SYS_umount2,
    uname = SYS_uname,
    unlink = SYS_unlink,
    unlinkat = SYS_unlinkat,
    unshare = SYS_unshare,
    utimensat = SYS_utimensat,
    vfork = SYS_vfork,
    wait4 = SYS_wait4,
    waitid = SYS_waitid,
    write = SYS_write,
    writev = SYS_writev,
];

/// Calls that libc has no numbers for yet.
const NEWER: &[(libc::c_long, &str)] = &[(457, "statmount"), (458, "listmount")];

/// Calls that no operation of ours makes itself: memory, signal masks and thread
/// set-up belong to the allocator and the C library, which end the process when
/// these fail, and calls that cannot fail give nothing to inject.
const INTERNAL: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_tgkill,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_umask,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_arch_prctl,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_membarrier,
    libc::SYS_getrandom,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What a register of a call holds, as far as a report cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A path in the tracee's memory.
    Path(usize),
    /// A descriptor.
    Descriptor(usize),
}

/// The name of a call; its number when it is not in the table.
pub(crate) fn name(number: i64) -> String {
    NAMES
        .iter()
        .chain(NEWER)
        .find(|(known, _)| *known == number)
        .map_or_else(
            || format!("syscall_{number}"),
            |(_, name)| (*name).to_owned(),
        )
}

/// Whether a call is one of those that are killed and failed.
pub(crate) fn matters(number: i64) -> bool {
    !INTERNAL.contains(&number)
}

/// Calls that act even when they report a failure: they are performed, and then
/// said to have failed. A `close` that failed has closed.
pub(crate) fn acts_when_failing(number: i64) -> bool {
    number == libc::SYS_close
}

/// Whether a call may change what another process sees. Between two of these a
/// kill leaves the same world behind, so a quick run kills after these only.
pub(crate) fn changes(name: &str, arguments: &[u64; 6]) -> bool {
    let creates = |flags: u64| {
        let has = |bits: i32| flags & bits as u64 == bits as u64;
        has(libc::O_CREAT) || has(libc::O_TRUNC) || has(libc::O_TMPFILE)
    };
    match name {
        "open" => creates(arguments[1]),
        "openat" => creates(arguments[2]),
        "openat2" => true,
        _ => CHANGING.iter().any(|prefix| name.starts_with(prefix)),
    }
}

/// Beginnings of the names of calls that change the world.
const CHANGING: &[&str] = &[
    "write",
    "pwrite",
    "copy_file_range",
    "sendfile",
    "splice",
    "creat",
    "link",
    "rename",
    "unlink",
    "rmdir",
    "mkdir",
    "mknod",
    "symlink",
    "ftruncate",
    "truncate",
    "fallocate",
    "fchmod",
    "chmod",
    "fchown",
    "setxattr",
    "utimens",
    "mount",
    "move_mount",
    "open_tree",
    "umount",
    "pivot_root",
    "fsync",
    "fdatasync",
    "execve",
];

/// Calls that give a file a name: from the first path to the second.
pub(crate) fn names_file(name: &str) -> bool {
    matches!(
        name,
        "rename" | "renameat" | "renameat2" | "link" | "linkat"
    )
}

/// Calls that change what is in an open file.
pub(crate) fn fills_file(name: &str) -> bool {
    matches!(
        name,
        "write" | "writev" | "pwrite64" | "pwritev" | "ftruncate" | "fallocate" | "copy_file_range"
    )
}

/// Which registers of a call are worth showing.
pub(crate) fn shown(name: &str) -> &'static [Argument] {
    use Argument::{Descriptor, Path};
    match name {
        "open" | "stat" | "lstat" | "statfs" | "access" | "chdir" | "mkdir" | "rmdir"
        | "unlink" | "readlink" | "umount2" | "execve" | "chmod" | "truncate" | "creat" => {
            &[Path(0)]
        }
        "rename" | "link" | "symlink" | "mount" => &[Path(0), Path(1)],
        "openat" | "openat2" | "newfstatat" | "statx" | "mkdirat" | "unlinkat" | "readlinkat"
        | "faccessat" | "faccessat2" | "fchmodat" | "open_tree" | "mount_setattr" | "utimensat"
        | "mknodat" => &[Descriptor(0), Path(1)],
        "linkat" | "renameat" | "renameat2" | "move_mount" => {
            &[Descriptor(0), Path(1), Descriptor(2), Path(3)]
        }
        "symlinkat" => &[Path(0), Descriptor(1), Path(2)],
        "inotify_add_watch" => &[Descriptor(0), Path(1)],
        "read" | "write" | "readv" | "writev" | "pread64" | "pwrite64" | "close" | "fsync"
        | "fdatasync" | "fstat" | "fstatfs" | "ftruncate" | "fallocate" | "fchmod" | "fchown"
        | "lseek" | "fcntl" | "flock" | "getdents64" | "ioctl" | "fchdir" | "setns" => {
            &[Descriptor(0)]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_and_unique() {
        assert_eq!(name(libc::SYS_linkat), "linkat");
        assert_eq!(name(9999), "syscall_9999");
        let mut numbers: Vec<i64> = NAMES.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), NAMES.len());
    }

    #[test]
    fn opening_changes_the_world_only_when_it_creates() {
        let flags = |flags: i32| [0, 0, flags as u64, 0, 0, 0];
        assert!(!changes("openat", &flags(libc::O_RDONLY | libc::O_CLOEXEC)));
        assert!(!changes(
            "openat",
            &flags(libc::O_RDONLY | libc::O_DIRECTORY)
        ));
        assert!(changes("openat", &flags(libc::O_WRONLY | libc::O_CREAT)));
        assert!(changes("openat", &flags(libc::O_RDWR | libc::O_TMPFILE)));
        assert!(!changes("read", &[0; 6]));
        assert!(changes("pwrite64", &[0; 6]));
    }

    #[test]
    fn an_allocator_call_is_not_a_point() {
        assert!(!matters(libc::SYS_mmap));
        assert!(matters(libc::SYS_clone3));
        assert!(matters(libc::SYS_fsync));
    }
}

//! What the registers of an x86-64 processor say about a system call.

use nix::errno::Errno;
use nix::libc::*;
use nix::sys::ptrace;
use nix::unistd::Pid;

use super::tracer::{Fault, Lack};

/// The calls that touch the world. Failing those for memory or threads' own affairs
/// would test the C library.
const TOUCHING: [c_long; 27] = [
    SYS_open,
    SYS_openat,
    SYS_read,
    SYS_write,
    SYS_fstat,
    SYS_newfstatat,
    SYS_stat,
    SYS_lstat,
    SYS_statx,
    SYS_fstatfs,
    SYS_statfs,
    SYS_access,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_getdents64,
    SYS_mkdir,
    SYS_mkdirat,
    SYS_fsync,
    SYS_fchmod,
    SYS_linkat,
    SYS_rename,
    SYS_renameat,
    SYS_unlink,
    SYS_unlinkat,
    SYS_fcntl,
    SYS_unshare,
    SYS_clone3,
];

/// Those of them that a signal can interrupt, and that no library makes for us.
const INTERRUPTIBLE: [c_long; 8] = [
    SYS_read,
    SYS_write,
    SYS_fsync,
    SYS_fchmod,
    SYS_linkat,
    SYS_renameat,
    SYS_unlinkat,
    SYS_fcntl,
];

pub(crate) fn counts(pid: Pid, fault: Fault) -> bool {
    match fault {
        Fault::Kill => true,
        Fault::Fail(Errno::EINTR) => {
            INTERRUPTIBLE.contains(&(ptrace::getregs(pid).unwrap().orig_rax as c_long))
        }
        Fault::Fail(_) => TOUCHING.contains(&(ptrace::getregs(pid).unwrap().orig_rax as c_long)),
    }
}

pub(crate) fn skip(pid: Pid) {
    let mut registers = ptrace::getregs(pid).unwrap();
    registers.orig_rax = u64::MAX;
    ptrace::setregs(pid, registers).unwrap();
}

pub(crate) fn lacking(pid: Pid, lack: Lack) -> Option<Errno> {
    if lack == Lack::Nothing {
        return None;
    }
    let registers = ptrace::getregs(pid).ok()?;
    let call = registers.orig_rax as c_long;
    let tmpfile = call == SYS_openat && registers.rdx as c_int & O_TMPFILE == O_TMPFILE;
    match lack {
        Lack::Tmpfile | Lack::Links if tmpfile => Some(Errno::EOPNOTSUPP),
        Lack::Links if call == SYS_linkat => Some(Errno::EPERM),
        Lack::Unshare if call == SYS_unshare => Some(Errno::EPERM),
        _ => None,
    }
}

pub(crate) fn fail(pid: Pid, errno: Errno) {
    let mut registers = ptrace::getregs(pid).unwrap();
    registers.rax = (-i64::from(errno as i32)) as u64;
    ptrace::setregs(pid, registers).unwrap();
}

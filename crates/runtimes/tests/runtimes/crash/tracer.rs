//! Follows a child with ptrace(2) and strikes at its n-th system call.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{DIR, WORK, registers};

/// What to do to the child at a system call.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "failing a call needs its registers")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Kill,
    Fail(Errno),
}

/// What the child's system does not have, so that it must take another way.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "failing a call needs its registers")
)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lack {
    Nothing,
    /// Anonymous files.
    Tmpfile,
    /// Hard links; nor anonymous files.
    Links,
    /// Leave to unshare: a filter refuses it.
    Unshare,
}

/// How a child ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// It was killed, or one call was failed, as asked; and then its exit status.
    Struck(Option<i32>),
    /// It had fewer system calls than that.
    Untouched(i32),
}

/// Runs the child and strikes at its n-th system call that `counts`.
#[expect(
    clippy::zombie_processes,
    reason = "the tracer waits for every thread of it"
)]
pub(crate) fn strike(which: &str, dir: &Path, n: usize, fault: Fault, lack: Lack) -> End {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--test-threads=1", "--nocapture"])
        .env(WORK, which)
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let main = Pid::from_raw(i32::try_from(child.id()).unwrap());
    // The harness runs a test in a thread of its own: that one, and what it starts, is
    // followed. The group is the child's, so no other test's process is waited for.
    let first = wait_in(main);
    let WaitStatus::Stopped(thread, Signal::SIGSTOP) = first else {
        panic!("{first:?}")
    };
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
        | ptrace::Options::PTRACE_O_TRACECLONE
        | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(thread, options).unwrap();
    ptrace::syscall(thread, None).unwrap();
    let mut tracer = Tracer {
        main,
        fault,
        lack,
        left: n,
        inside: Vec::new(),
        failing: Vec::new(),
        struck: false,
    };
    let status = tracer.follow();
    if tracer.struck {
        End::Struck(status)
    } else {
        End::Untouched(status.unwrap())
    }
}

/// The next event of any thread of a process group.
fn wait_in(group: Pid) -> WaitStatus {
    waitpid(Pid::from_raw(-group.as_raw()), Some(WaitPidFlag::__WALL)).unwrap()
}

struct Tracer {
    main: Pid,
    fault: Fault,
    lack: Lack,
    left: usize,
    /// Threads between the entry and the exit of a call.
    inside: Vec<Pid>,
    /// Threads whose call is being failed.
    failing: Vec<(Pid, Errno)>,
    struck: bool,
}

impl Tracer {
    /// Until the process is gone; its exit status if it had one.
    fn follow(&mut self) -> Option<i32> {
        loop {
            match wait_in(self.main) {
                WaitStatus::Exited(pid, status) if pid == self.main => return Some(status),
                WaitStatus::Signaled(pid, ..) if pid == self.main => return None,
                WaitStatus::PtraceSyscall(pid) => self.at_syscall(pid),
                WaitStatus::Stopped(pid, signal) => {
                    let pass = (signal != Signal::SIGSTOP).then_some(signal);
                    let _ = ptrace::syscall(pid, pass);
                }
                status => {
                    if let Some(pid) = status.pid() {
                        let _ = ptrace::syscall(pid, None);
                    }
                }
            }
        }
    }

    fn at_syscall(&mut self, pid: Pid) {
        if let Some(place) = self.inside.iter().position(|thread| *thread == pid) {
            self.inside.remove(place);
            if let Some(place) = self.failing.iter().position(|(thread, _)| *thread == pid) {
                let (_, errno) = self.failing.remove(place);
                registers::fail(pid, errno);
            }
        } else {
            self.inside.push(pid);
            if self.strikes_now(pid) {
                self.struck = true;
                match self.fault {
                    Fault::Kill => nix::sys::signal::kill(self.main, Signal::SIGKILL).unwrap(),
                    Fault::Fail(errno) => self.refuse(pid, errno),
                }
            } else if let Some(errno) = registers::lacking(pid, self.lack) {
                self.refuse(pid, errno);
            }
        }
        let _ = ptrace::syscall(pid, None);
    }

    fn refuse(&mut self, pid: Pid, errno: Errno) {
        registers::skip(pid);
        self.failing.push((pid, errno));
    }

    fn strikes_now(&mut self, pid: Pid) -> bool {
        if self.struck || !registers::counts(pid, self.fault) {
            return false;
        }
        self.left -= 1;
        self.left == 0
    }
}

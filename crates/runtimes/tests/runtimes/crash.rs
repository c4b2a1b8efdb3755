//! Killed or failed at every single system call: nothing torn, nothing lost.
//!
//! The test starts itself again as a child that does one piece of work, follows it with
//! ptrace(2), and at the n-th system call of any of its threads kills it, or makes that
//! call fail. Then n + 1.

use std::cell::Cell;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use runtimes::{
    Config, Reason, References, Registry, Script, Settings, Store, Verdict, plan_sweep, sweep,
};

use crate::support::{assert_scripts_match, names, quick_dir, script, wrappers};

/// Which work the child does, and where.
const WORK: &str = "RUNTIMES_CRASH_WORK";
const DIR: &str = "RUNTIMES_CRASH_DIR";

/// Exit statuses of the child, told from those of the test harness.
const DONE: i32 = 40;
const REFUSED: i32 = 41;

fn kept() -> Script {
    script("kept", &["/bin/true", "kept"])
}

fn corrupt() -> Script {
    script("corrupt", &["/bin/true", "corrupt"])
}

fn fresh() -> Script {
    script("fresh", &["/bin/true", "fresh"])
}

/// One script whole, one torn, one unreferenced, a relic of a crash.
fn scene(dir: &Path) {
    let store = Store::open(dir).unwrap();
    store
        .publish([&kept(), &script("unused", &["/bin/true", "unused"])])
        .unwrap();
    fs::write(dir.join(corrupt().file_name()), "").unwrap();
    fs::write(dir.join(".tmp-0-0"), "half").unwrap();
}

fn config() -> Config {
    wrappers(&[
        ("kept", "/bin/true", &["kept"]),
        ("corrupt", "/bin/true", &["corrupt"]),
        ("fresh", "/bin/true", &["fresh"]),
    ])
}

fn references(dir: &Path) -> References {
    let mut references = References::new();
    for script in [kept(), corrupt(), fresh()] {
        references.add(&dir.join(script.file_name()), "the test");
    }
    references
}

fn work(which: &str, dir: &Path) -> Result<(), runtimes::Error> {
    match which {
        "publish" => Store::open(dir)?
            .publish([&kept(), &corrupt(), &fresh()])
            .map(drop),
        "sweep" => sweep(dir, &references(dir)).map(drop),
        "reload" => {
            let (registry, _) = Registry::open(&Config::default(), Settings::new(dir))?;
            registry.reload(&config())?;
            registry.reload(&Config::default()).map(drop)
        }
        other => panic!("no such work: {other}"),
    }
}

/// Not a test of its own: what the child does.
#[test]
fn child() {
    let Ok(which) = std::env::var(WORK) else {
        return;
    };
    let dir = std::env::var_os(DIR).unwrap();
    ptrace::traceme().unwrap();
    raise(Signal::SIGSTOP).unwrap();
    let result = work(&which, Path::new(&dir));
    std::process::exit(if result.is_ok() { DONE } else { REFUSED });
}

/// What to do to the child at a system call.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "failing a call needs its registers")
)]
#[derive(Clone, Copy, Debug)]
enum Fault {
    Kill,
    Fail(Errno),
}

/// What the child's system does not have, so that it must take another way.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "failing a call needs its registers")
)]
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lack {
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
enum End {
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
fn strike(which: &str, dir: &Path, n: usize, fault: Fault, lack: Lack) -> End {
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

/// What the processor's registers say about a call.
#[cfg(target_arch = "x86_64")]
mod registers {
    use nix::errno::Errno;
    use nix::libc::*;
    use nix::sys::ptrace;
    use nix::unistd::Pid;

    use super::{Fault, Lack};

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
            Fault::Fail(_) => {
                TOUCHING.contains(&(ptrace::getregs(pid).unwrap().orig_rax as c_long))
            }
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
}

/// Other processors can be killed at every call; failing calls is left to x86-64.
#[cfg(not(target_arch = "x86_64"))]
mod registers {
    use nix::errno::Errno;
    use nix::unistd::Pid;

    use super::{Fault, Lack};

    pub(crate) fn counts(_: Pid, fault: Fault) -> bool {
        matches!(fault, Fault::Kill)
    }

    pub(crate) fn skip(_: Pid) {}
    pub(crate) fn fail(_: Pid, _: Errno) {}
    pub(crate) fn lacking(_: Pid, _: Lack) -> Option<Errno> {
        None
    }
}

/// Holds at every moment, whatever happened.
fn assert_invariants(dir: &Path, what: &str) {
    assert_eq!(
        fs::read(dir.join(kept().file_name())).unwrap(),
        kept().text(),
        "{what}"
    );
    // Torn before, or whole now: never anything else.
    let repaired = fs::read(dir.join(corrupt().file_name())).unwrap();
    assert!(
        repaired.is_empty() || repaired == corrupt().text(),
        "{what}"
    );
    if repaired.is_empty() {
        fs::remove_file(dir.join(corrupt().file_name())).unwrap();
    }
    assert_scripts_match(dir);
}

/// The next start: it sweeps, publishes, and everything is as if nothing had happened.
fn assert_recovers(dir: &Path, what: &str) {
    // A shell that was writing for the killed process is a user until it ends.
    for _ in 0..100 {
        let plan = plan_sweep(dir, &References::new()).unwrap();
        if plan.iter().all(|verdict| verdict.reason != Reason::InUse) {
            break;
        }
    }
    let report = sweep(dir, &references(dir)).unwrap();
    assert!(report.failed.is_empty(), "{what}");
    let held = |verdict: &&Verdict| verdict.reason == Reason::InUse;
    assert_eq!(report.verdicts.iter().find(held), None, "{what}");
    let (registry, _) = Registry::open(&config(), Settings::new(dir)).unwrap();
    for name in ["kept", "corrupt", "fresh"] {
        assert!(registry.load().resolve(name).is_ok(), "{what}: {name}");
    }
    let mut want = [kept(), corrupt(), fresh()].map(|script| script.file_name().to_owned());
    want.sort();
    assert_eq!(names(dir), want, "{what}");
    assert_scripts_match(dir);
}

/// Strikes at every call in turn; gives how many there were.
fn at_every_call(
    which: &str,
    faults: (Fault, Lack),
    check: impl Fn(&Path, Option<i32>, &str),
) -> usize {
    at_every_nth_call(1, which, faults, check)
}

/// Strikes at the first call and every so many after it.
fn at_every_nth_call(
    step: usize,
    which: &str,
    (fault, lack): (Fault, Lack),
    check: impl Fn(&Path, Option<i32>, &str),
) -> usize {
    for n in (1..).step_by(step) {
        let temp = quick_dir();
        let dir = temp.path().join("scripts");
        scene(&dir);
        let end = strike(which, &dir, n, fault, lack);
        let what = format!("{which}, lacking {lack:?}, {fault:?} at call {n}: {end:?}");
        match end {
            End::Untouched(status) => {
                assert_eq!(status, DONE, "{what}");
                return n - 1;
            }
            End::Struck(status) => {
                assert_invariants(&dir, &what);
                check(&dir, status, &what);
                assert_recovers(&dir, &what);
            }
        }
    }
    unreachable!("a child ends")
}

#[test]
fn killed_at_every_call() {
    for which in ["publish", "sweep", "reload"] {
        let calls = at_every_call(which, (Fault::Kill, Lack::Nothing), |_, _, _| {});
        println!("{which}: killed at each of {calls} system calls");
        assert!(calls > 10);
    }
}

/// Emulated, a start takes a second: only every seventh call.
#[test]
#[ignore = "vm: each kernel takes its own way through the same calls (limit 300 s)"]
fn killed_at_some_calls_on_this_kernel() {
    at_every_nth_call(7, "publish", (Fault::Kill, Lack::Nothing), |_, _, _| {});
}

#[cfg(target_arch = "x86_64")]
#[test]
fn killed_at_every_call_of_the_other_ways() {
    for lack in [Lack::Tmpfile, Lack::Links, Lack::Unshare] {
        let calls = at_every_call("publish", (Fault::Kill, lack), |_, _, _| {});
        println!("publish, lacking {lack:?}: killed at each of {calls} system calls");
        assert!(calls > 10);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn failed_at_every_call_of_the_other_ways() {
    for lack in [Lack::Tmpfile, Lack::Links, Lack::Unshare] {
        for errno in [Errno::ENOSPC, Errno::EIO] {
            at_every_call(
                "publish",
                (Fault::Fail(errno), lack),
                |dir, status, what| {
                    let new = dir.join(fresh().file_name()).exists();
                    assert!(matches!(status, Some(DONE | REFUSED)), "{what}");
                    assert_eq!(new, status == Some(DONE), "{what}");
                },
            );
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn failed_at_every_call() {
    for errno in [
        Errno::ENOSPC,
        Errno::EIO,
        Errno::EINTR,
        Errno::EPERM,
        Errno::ENOSYS,
        Errno::EMFILE,
        Errno::ENOMEM,
    ] {
        for which in ["publish", "sweep", "reload"] {
            let refused = Cell::new(0);
            let calls = at_every_call(
                which,
                (Fault::Fail(errno), Lack::Nothing),
                |dir, status, what| {
                    // It said that it succeeded or that it did not, and it is true.
                    let new = dir.join(fresh().file_name()).exists();
                    match status {
                        Some(DONE) => assert_eq!(new, which != "sweep", "{what}"),
                        Some(REFUSED) if errno != Errno::EINTR => {
                            assert!(!new, "{what}");
                            refused.set(refused.get() + 1);
                        }
                        _ => panic!("{what}"),
                    }
                },
            );
            let refused = refused.get();
            println!("{which}: {errno:?} at each of {calls} system calls, {refused} refused");
            assert!(calls > 2);
            assert_eq!(refused > 0, errno != Errno::EINTR, "{which}: {errno:?}");
        }
    }
}

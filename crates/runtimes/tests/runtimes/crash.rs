//! Killed or failed at every single system call: nothing torn, nothing lost.
//!
//! The test starts itself again as a child that does one piece of work, follows it with
//! ptrace(2), and at the n-th system call of any of its threads kills it, or makes that
//! call fail. Then n + 1.

#[cfg_attr(not(target_arch = "x86_64"), path = "crash/no_registers.rs")]
mod registers;
mod tracer;

#[cfg(target_arch = "x86_64")]
use std::cell::Cell;
use std::fs;
use std::path::Path;

#[cfg(target_arch = "x86_64")]
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use runtimes::{
    Checked, Reason, References, Registry, Script, ScriptStore, ScriptVerdict, TableOptions,
    plan_sweep, sweep,
};

use self::tracer::{End, Fault, Lack, strike};
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
    let store = ScriptStore::open(dir).unwrap();
    store
        .publish([&kept(), &script("unused", &["/bin/true", "unused"])])
        .unwrap();
    fs::write(dir.join(corrupt().file_name()), "").unwrap();
    fs::write(dir.join(".tmp-0-0"), "half").unwrap();
}

fn config() -> Checked {
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
        "publish" => ScriptStore::open(dir)?
            .publish([&kept(), &corrupt(), &fresh()])
            .map(drop),
        "sweep" => sweep(dir, &references(dir)).map(drop),
        "reload" => {
            let (registry, _) = Registry::open(&Checked::default(), TableOptions::new(dir))?;
            registry.reload(&config())?;
            registry.reload(&Checked::default()).map(drop)
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
    let held = |verdict: &&ScriptVerdict| verdict.reason == Reason::InUse;
    assert_eq!(report.verdicts.iter().find(held), None, "{what}");
    let (registry, _) = Registry::open(&config(), TableOptions::new(dir)).unwrap();
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

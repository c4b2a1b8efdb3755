//! Children in namespaces of their own.

#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;

const INSIDE: &str = "IFADDRS_TEST_INSIDE";

/// Runs `body` in a child process with a network namespace of its own; `test` is this test's full name.
///
/// The child is this same test binary, started again for this one test, as root or in a user namespace.
/// Where the machine refuses that, the test is skipped aloud.
pub(crate) fn in_own_network(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let privileged = has_sys_admin();
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(INSIDE, "1");
    // SAFETY: between fork and exec the closure only makes system calls and small writes on its own
    // descriptors; it touches no lock that another thread of the parent could hold.
    unsafe { command.pre_exec(move || enter(!privileged)) };
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if !privileged => {
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
    text.lines()
        .filter(|line| line.starts_with("skipped:") || line.starts_with("counted:"))
        .for_each(|line| eprintln!("{line}"));
}

fn enter(new_user: bool) -> io::Result<()> {
    // SAFETY: plain system calls without pointers.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    let flags = libc::CLONE_NEWNET | if new_user { libc::CLONE_NEWUSER } else { 0 };
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

fn has_sys_admin() -> bool {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("/proc is mounted");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .expect("CapEff is there");
    u64::from_str_radix(line.trim(), 16).expect("a hex mask") & (1 << 21) != 0
}

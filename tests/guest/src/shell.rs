//! `cargo xtask vm --shell`: a look inside. The tests never go this way.

use crate::reap;
use anyhow::{Context, Result};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The word on the kernel command line.
const WORD: &str = "daemon_host.shell=1";

/// True if the host asked for a shell instead of the tests.
pub(crate) fn asked_for() -> bool {
    std::fs::read_to_string("/proc/cmdline")
        .is_ok_and(|line| line.split_ascii_whitespace().any(|word| word == WORD))
}

/// A busybox shell on the console until it ends.
pub(crate) fn run() -> Result<()> {
    println!("tests: see {}; leave with exit", support::plan::PATH);
    let console = || {
        std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/ttyS0")
    };
    let child = Command::new("/bin/busybox")
        // cttyhack makes the console the controlling terminal, so Ctrl-C works.
        .args(["setsid", "/bin/busybox", "cttyhack", "/bin/busybox", "sh"])
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .env("PS1", "vm# ")
        .stdin(Stdio::from(console()?))
        .stdout(Stdio::from(console()?))
        .stderr(Stdio::from(console()?))
        .spawn()
        .context("starting busybox sh")?;
    let child = rustix::process::Pid::from_child(&child);
    reap::wait_for(child, Duration::from_secs(24 * 3600));
    Ok(())
}

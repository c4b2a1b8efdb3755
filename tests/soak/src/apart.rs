//! A pid namespace of its own. A start looks at every process that it can see, so what runs
//! elsewhere on the machine would have a say in what a start keeps.

use std::env;
use std::fs;
use std::process::Command;

use anyhow::Context as _;
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{getegid, geteuid};

/// Runs this program once more, as the first process of a pid namespace, and returns its exit
/// code. The inner error says what the machine forbids. Call it before any thread is started: a
/// user namespace is for a process with one.
pub(crate) fn run() -> anyhow::Result<Result<u8, Errno>> {
    if let Err(errno) = leave() {
        return Ok(Err(errno));
    }
    let program = env::current_exe().context("the own program")?;
    let mut inside = Command::new(program);
    inside.arg("--inside").args(env::args_os().skip(1));
    let status = inside.status().context("start in a pid namespace")?;
    let code = status.code();
    let code = code.with_context(|| format!("the soak ended with {status}"))?;
    Ok(Ok(u8::try_from(code).context("exit code of the soak")?))
}

/// Ends this process, and with it all that is in its pid namespace, when the parent ends.
pub(crate) fn end_with_the_parent() -> anyhow::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL).context("prctl(PR_SET_PDEATHSIG)")
}

/// A mount namespace, a pid namespace for the children, and a user namespace where we are not root.
/// One call makes all of it, so that nobody is in one of them without the others.
fn leave() -> Result<(), Errno> {
    let (user, group) = (geteuid(), getegid());
    let both = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    if unshare(both) != Err(Errno::EPERM) {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER | both)?;
    let write = |path: &str, text: String| fs::write(path, text);
    write("/proc/self/setgroups", "deny".into())
        .and_then(|()| write("/proc/self/uid_map", format!("0 {user} 1")))
        .and_then(|()| write("/proc/self/gid_map", format!("0 {group} 1")))
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}

//! A pid namespace of the driver's own: what is driven looks at every process there is,
//! so that on the machine's own `/proc` its calls would be as many as the machine is busy,
//! and never the same twice.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use nix::sys::prctl;
use nix::sys::signal::Signal;

use crate::world::{Forbidden, leave};

/// Runs the driver once more, as the first process of a pid namespace, and returns its
/// exit code. Call it before any thread is started: a user namespace is for a process
/// with one.
pub(crate) fn run(program: &Path) -> anyhow::Result<Result<u8, Forbidden>> {
    if let Err(errno) = leave() {
        let why = format!("unshare of mount and pid namespaces: {errno}");
        return Ok(Err(Forbidden(why)));
    }
    let status = Command::new(program)
        .arg("--inside")
        .args(env::args_os().skip(1))
        .status()
        .context("start the driver in a pid namespace")?;
    let code = status
        .code()
        .with_context(|| format!("the driver ended with {status}"))?;
    let code = u8::try_from(code).context("exit code of the driver")?;
    Ok(Ok(code))
}

/// Ends this process, and with it all that is in its pid namespace, when the parent ends.
pub(crate) fn end_with_the_parent() -> anyhow::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL).context("prctl(PR_SET_PDEATHSIG)")
}

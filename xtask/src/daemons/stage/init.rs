//! PID 1 of the namespaces.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, WaitOptions, wait};
use std::process::Command;

/// Set for the process that does the work, below PID 1.
const WORKER: &str = "XTASK_DAEMONS_WORKER";

/// PID 1 of the namespace only starts the worker and reaps: an orphan that
/// nobody reaps looks alive to the daemon that reads its pid file.
pub(crate) fn as_init(work: impl FnOnce() -> Result<()>) -> Result<()> {
    if std::env::var_os(WORKER).is_some() {
        return work();
    }
    if std::process::id() != 1 {
        bail!("only `cargo xtask daemons` calls this, in namespaces of its own");
    }
    let own = std::env::current_exe().context("finding this program")?;
    let child = Command::new(own)
        .args(std::env::args_os().skip(1))
        .env(WORKER, "1")
        .spawn()
        .context("starting")?;
    let child = Pid::from_child(&child);
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == child => match status.exit_status() {
                Some(0) => return Ok(()),
                // It has said why.
                code => std::process::exit(code.unwrap_or(1)),
            },
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).context("waiting"),
        }
    }
}

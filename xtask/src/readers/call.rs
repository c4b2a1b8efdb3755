//! Calls of other programs.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Runs a program, whose failure is an error.
pub(super) fn command(program: &str, args: &[&str]) -> Result<()> {
    let output = Command::new(program).args(args).output();
    let output = output.with_context(|| program.to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.success(),
        "{program} {}: {}",
        args.join(" "),
        said.trim()
    );
    Ok(())
}

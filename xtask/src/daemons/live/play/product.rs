//! Our command beside an engine: a clean-up, and a start of the daemon.

use crate::daemons::live::engines::engine::Engine;
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CONFIGURATION: &str = "/tmp/daemon-host.json";
const SOCKET: &str = "/tmp/daemon-host.sock";

/// A clean-up with the engine's arguments, which leaves nothing in doubt; its report.
pub(crate) fn clean_up(engine: &dyn Engine, stage: &Stage) -> Result<serde_json::Value> {
    let mut command = command(engine, stage);
    let text = inside::output(&mut command)?;
    parse(&command, &text)
}

/// The same beside an engine that starts containers: what is just being made may be kept as
/// unknown, which exit code 1 says.
pub(crate) fn clean_up_in_doubt(engine: &dyn Engine, stage: &Stage) -> Result<()> {
    in_doubt(command(engine, stage)).map(drop)
}

/// A clean-up of what is found by itself, with these arguments, that may keep what is unknown; its
/// report.
pub(crate) fn clean_up_found(stage: &Stage, arguments: &[&str]) -> Result<serde_json::Value> {
    let mut command = stage.tool();
    // A scene is a machine of its own, though it looks like a container.
    let whole = ["root", "cleanup", "--json", "--host-root", "/"];
    command.args(whole).args(arguments);
    in_doubt(command)
}

fn in_doubt(mut command: Command) -> Result<serde_json::Value> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        matches!(output.status.code(), Some(0 | 1)),
        "{command:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    parse(&command, &said)
}

fn command(engine: &dyn Engine, stage: &Stage) -> Command {
    let mut command = stage.tool();
    command.args(["root", "cleanup", "--json"]);
    command.args(engine.clean_up_arguments());
    command
}

fn parse(command: &Command, text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).with_context(|| format!("{command:?} printed no JSON: {text}"))
}

/// Starts the daemon, waits until it is ready, and ends it as a service manager does.
pub(crate) fn start_and_stop(engine: &dyn Engine, stage: &Stage) -> Result<()> {
    stage.write(CONFIGURATION, &engine.configuration())?;
    let _ = std::fs::remove_file(SOCKET);
    let mut command = stage.tool();
    command.args(["run", "--config", CONFIGURATION, "--socket", SOCKET]);
    let mut daemon = Started::new(&mut command, "/tmp/daemon-host.log".into())?;
    until(
        "daemon-host run to be ready",
        Duration::from_secs(60),
        || Path::new(SOCKET).exists(),
    )
    .with_context(|| format!("it said: {}", daemon.said().trim()))?;
    let status = daemon.end()?;
    ensure!(
        status.success(),
        "daemon-host run: {status}: {}",
        daemon.said().trim()
    );
    Ok(())
}

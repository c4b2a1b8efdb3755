//! Our command beside an engine: a clean-up, and a start of the daemon.

use super::engine::Engine;
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::Duration;

const CONFIGURATION: &str = "/tmp/daemon-host.json";
const SOCKET: &str = "/tmp/daemon-host.sock";

/// A clean-up with the engine's arguments; its report.
pub(super) fn clean_up(engine: &dyn Engine, stage: &Stage) -> Result<serde_json::Value> {
    let mut command = stage.tool();
    command.args(["root", "cleanup", "--json"]);
    command.args(engine.clean_up_arguments());
    let text = inside::output(&mut command)?;
    serde_json::from_str(&text).with_context(|| format!("{command:?} printed no JSON: {text}"))
}

/// Starts the daemon, waits until it is ready, and ends it as a service manager does.
pub(super) fn start_and_stop(engine: &dyn Engine, stage: &Stage) -> Result<()> {
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

//! The command as it ships: its size, and `report` on this host without asking runtimes: time
//! from start to end, and the most memory it had.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use rustix::fs::{Advice, fadvise};
use serde_json::{Value, json};

use super::count::Count;
use crate::cargo;

const RUNS: usize = 31;

/// Builds the command as it ships and counts.
pub(super) fn counts() -> anyhow::Result<Vec<Count>> {
    let mut build = cargo::cargo(["build", "--quiet", "--release", "-p", "daemon-host-cli"]);
    ensure!(cargo::succeeds(&mut build)?, "the command does not build");
    let command = cargo::target().join("release/daemon-host");
    // In a process of its own: the kernel tells the most memory of all children, and cargo
    // was one of ours.
    let own = std::env::current_exe().context("own path")?;
    let text = cargo::output(Command::new(own).args(["cost", "--measure"]).arg(&command))?;
    let value: Value = serde_json::from_str(&text).context("what was measured")?;
    let number = |name: &str| value[name].as_f64().with_context(|| name.to_owned());
    let count = |what: &str, value, limit, unit| Count {
        what: what.to_owned(),
        value,
        limit,
        unit,
    };
    let bytes = command.metadata().context("the command's size")?.len();
    Ok(vec![
        count("the release command", bytes as f64 / 1e6, 5.0, "MB"),
        count("`report`, median", number("median_ms")?, 100.0, "ms"),
        count(
            "`report`, its file not in memory, median",
            number("cold_ms")?,
            100.0,
            "ms",
        ),
        count(
            "`report`, most resident memory",
            number("resident_mib")?,
            30.0,
            "MiB",
        ),
    ])
}

/// Runs it again and again, with its file in memory and without.
#[allow(clippy::print_stdout, reason = "read by the process above")]
pub(super) fn measure(command: &Path) -> anyhow::Result<()> {
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let file = File::open(command).context("the command")?;
        fadvise(&file, 0, None, Advice::DontNeed).context("fadvise")?;
        drop(file);
        cold.push(once(command)?);
        warm.push(once(command)?);
    }
    let most = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    let value = json!({
        "median_ms": median(warm),
        "cold_ms": median(cold),
        "resident_mib": most as f64 / 1024.0,
    });
    println!("{value}");
    Ok(())
}

fn once(command: &Path) -> anyhow::Result<f64> {
    let begin = Instant::now();
    let status = Command::new(command)
        .args(["report", "--no-probe"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("run the command")?;
    // 1 is a finding, which is this host's and not ours.
    ensure!(
        matches!(status.code(), Some(0 | 1)),
        "report ended with {status}"
    );
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

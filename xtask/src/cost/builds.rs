//! Builds from nothing: a fresh clone to its first report, and each leaf crate alone. The
//! crates of the registry are on the disk before, so that the network is not measured.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};

use super::count::Count;
use crate::cargo;

const LEAVES: [&str; 5] = ["mountscan", "resolvconf", "ifaddrs", "rroprobe", "runtimes"];

pub(super) fn counts() -> anyhow::Result<Vec<Count>> {
    let place = tempfile::tempdir().context("a place to build in")?;
    let clone = place.path().join("clone");
    let mut git = Command::new("git");
    git.args(["clone", "--quiet"])
        .arg(cargo::root())
        .arg(&clone);
    run(&mut git)?;
    run(&mut in_clone(
        &clone,
        &["fetch", "--quiet", "--locked"],
        "fetch",
    ))?;

    let count = |what, value, limit| Count {
        what,
        value,
        limit,
        unit: "s",
    };
    let first = [
        "run",
        "--quiet",
        "--locked",
        "-p",
        "daemon-host-cli",
        "--",
        "report",
        "--no-probe",
    ];
    let seconds = timed(in_clone(&clone, &first, "first"))?;
    let mut counts = vec![count(
        "fresh clone to the first `report`".to_owned(),
        seconds,
        150.0,
    )];
    for leaf in LEAVES {
        let seconds = timed(in_clone(
            &clone,
            &["build", "--quiet", "--locked", "-p", leaf],
            leaf,
        ))?;
        counts.push(count(format!("`{leaf}` alone"), seconds, 20.0));
    }
    Ok(counts)
}

/// Cargo in the clone, with a target directory of its own for each build.
fn in_clone(clone: &Path, args: &[&str], target: &str) -> Command {
    let mut command = cargo::cargo(args);
    command.current_dir(clone);
    command.env("CARGO_TARGET_DIR", clone.join("target").join(target));
    command
}

fn timed(mut command: Command) -> anyhow::Result<f64> {
    let begin = Instant::now();
    run(&mut command)?;
    Ok(begin.elapsed().as_secs_f64())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(
        // 1 is a finding of the report, which is this host's.
        matches!(output.status.code(), Some(0 | 1)) && !output.stderr.starts_with(b"error"),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

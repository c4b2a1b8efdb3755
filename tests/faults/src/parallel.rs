//! Several operations at once, each in a driver process of its own: a driver
//! traces one child at a time, and most of the time waits for the kernel.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, bail};

use crate::report::Tally;

/// What the driver of one operation answers with when it cannot run here.
const SKIPPED: i32 = 77;

/// Runs `program` with `options` for each operation, `jobs` at a time, and
/// returns the tallies in the order of the names; nothing if one was skipped.
pub(crate) fn run(
    program: &Path,
    options: &[String],
    names: &[&str],
    jobs: usize,
) -> anyhow::Result<Option<Vec<Tally>>> {
    let reports = tempfile::tempdir().context("directory for reports")?;
    // From the end: the longest operations stand there.
    let queue: Mutex<VecDeque<&str>> = Mutex::new(names.iter().rev().copied().collect());
    let next = || {
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    let work = || {
        let mut all = true;
        while let Some(name) = next() {
            all &= one(program, options, name, &reports.path().join(name))?;
        }
        anyhow::Ok(all)
    };
    let ran = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, names.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let ends = workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker does not panic"));
        ends.collect::<anyhow::Result<Vec<bool>>>()
    })?;
    if ran.contains(&false) {
        return Ok(None);
    }
    let tallies = names.iter().map(|name| read(&reports.path().join(name)));
    tallies.collect::<anyhow::Result<Vec<Tally>>>().map(Some)
}

/// True unless it was skipped.
fn one(program: &Path, options: &[String], name: &str, report: &Path) -> anyhow::Result<bool> {
    let status = Command::new(program)
        .args(["--operation", name])
        .args(options)
        .arg("--json")
        .arg(report)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("start the driver of {name}"))?;
    match status.code() {
        Some(0 | 1) => Ok(true),
        Some(SKIPPED) => Ok(false),
        _ => bail!("the driver of {name} ended with {status}"),
    }
}

fn read(report: &Path) -> anyhow::Result<Tally> {
    let text = fs::read(report).context("read a report")?;
    let mut tallies: Vec<Tally> = serde_json::from_slice(&text).context("a report is not one")?;
    tallies.pop().context("a report is empty")
}

//! Makes the daemon's answers on its control socket.

use std::borrow::Cow;

use daemon_host::{Host, ReloadReport};
use serde::Serialize;
use serde_json::Value;

/// A reload that succeeded.
#[derive(Serialize)]
struct Reloaded<'r> {
    generation: u64,
    added: &'r [String],
    removed: &'r [String],
    changed: &'r [String],
    default_changed: &'r Option<(String, String)>,
    participants: &'r [String],
    failed_commits: &'r [String],
    needs_restart: &'r [&'static str],
    detail: String,
}

/// A request that was refused, and why.
#[derive(Serialize)]
struct Refused<'r> {
    error: Fault<'r>,
}

#[derive(Serialize)]
struct Fault<'r> {
    kind: &'static str,
    message: &'r str,
}

/// What is in force.
#[derive(Serialize)]
struct Status<'s> {
    generation: u64,
    default: &'s str,
    runtimes: Vec<&'s str>,
    data_root: Cow<'s, str>,
    start: String,
}

pub(super) fn reloaded(report: &ReloadReport) -> Value {
    value(&Reloaded {
        generation: report.generation,
        added: &report.runtimes.added,
        removed: &report.runtimes.removed,
        changed: &report.runtimes.changed,
        default_changed: &report.runtimes.default_changed,
        participants: &report.participants,
        failed_commits: &report.failed_commits,
        needs_restart: &report.needs_restart,
        detail: report.to_string(),
    })
}

pub(super) fn refused(kind: &'static str, message: &str) -> Value {
    value(&Refused {
        error: Fault { kind, message },
    })
}

pub(super) fn status(host: &Host) -> Value {
    let snapshot = host.snapshot();
    value(&Status {
        generation: snapshot.generation,
        default: snapshot.runtimes.default_name(),
        runtimes: snapshot
            .runtimes
            .iter()
            .map(|row| row.name.as_str())
            .collect(),
        data_root: snapshot.config.data_root.to_string_lossy(),
        start: host.start_report().to_string(),
    })
}

fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("text and numbers are always JSON")
}

//! Makes the daemon's answers on its control socket.

use std::borrow::Cow;

use daemon_host::{Health, Host, ReloadReport};
use serde::Serialize;
use serde_json::Value;

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
    health: Health,
}

pub(super) fn reloaded(report: &ReloadReport) -> Value {
    value(report)
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
        health: host.health(),
    })
}

fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("text and numbers are always JSON")
}

//! Whether the process that a pid file names is the engine. Pure.

use std::path::Path;

use crate::liveness::engine::facts::{Clock, Process};
use crate::liveness::engine::verdict::RunningEngine;
use crate::path_text::shown;

/// If a process began more than so many seconds after the pid file was written, it is another
/// process with the same pid. An engine writes the file after it began. The minute leaves room
/// for a clock that was set meanwhile.
const LATER: i64 = 60;

/// What a pid file holds.
#[derive(Debug)]
pub(super) struct Recorded<'p> {
    pub(super) path: &'p Path,
    pub(super) pid: u32,
    /// When it was written, in seconds since the epoch.
    pub(super) written: i64,
}

pub(super) fn judge(file: &Recorded<'_>, process: &Process, clock: &Clock) -> RunningEngine {
    let &Recorded { path, pid, written } = file;
    match process {
        Process::Runs { .. } if clock.is_own && pid == std::process::id() => RunningEngine::No,
        Process::Runs { name, start } => match clock.wall(*start) {
            Some(began) if began > written + LATER => RunningEngine::No,
            _ => RunningEngine::Yes {
                by: format!("pid {pid} {name} ({})", shown(path)),
            },
        },
        Process::Gone if is_from_here(file, clock) => RunningEngine::No,
        Process::Gone => RunningEngine::Unknown {
            why: format!(
                "pid {pid} ({}) may be one of another pid namespace",
                shown(path)
            ),
        },
        Process::Unclear(why) => RunningEngine::Unknown {
            why: format!("{why} ({})", shown(path)),
        },
    }
}

/// Whether the pid can belong to the pid namespace that procfs shows. It can if that namespace
/// may have given it out before the file was written.
fn is_from_here(file: &Recorded<'_>, clock: &Clock) -> bool {
    let could_be = |began: i64, last: u32| file.written >= began && file.pid <= last;
    clock.is_initial
        || clock
            .began
            .zip(clock.last_pid)
            .is_some_and(|(b, l)| could_be(b, l))
}

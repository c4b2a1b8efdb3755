//! What start, reload and shutdown did, step by step.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rootmount::{CleanupReport, Prepared, RootOutcome};
use runtimes::SweepReport;

use crate::error::Error;
use crate::sweep::{is_clean, unknown};

/// How one step ended. Without more, it is skipped.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Step<T> {
    /// It ran. Its own report may still name things that are left.
    Done(T),
    /// It failed, and the host went on without it.
    Failed(Error),
    /// It was not needed, for this reason.
    Skipped(&'static str),
}

impl<T> Step<T> {
    /// The step's report, if it ran.
    pub fn done(&self) -> Option<&T> {
        match self {
            Self::Done(report) => Some(report),
            _ => None,
        }
    }

    /// Whether it failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl<T> Default for Step<T> {
    fn default() -> Self {
        Self::Skipped("it was not run")
    }
}

impl<T> From<Result<T, Error>> for Step<T> {
    fn from(result: Result<T, Error>) -> Self {
        match result {
            Ok(report) => Self::Done(report),
            Err(error) => Self::Failed(error),
        }
    }
}

/// What [`HostBuilder::start`](crate::HostBuilder::start) did, in order.
///
/// The default is a report of nothing. A test of one's own begins with it and sets what it needs.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StartReport {
    /// The sweep of leftover mounts, before the root is prepared.
    pub sweep: Step<CleanupReport>,
    /// The preparation of the data root.
    pub root: Step<Prepared>,
    /// The sweep of wrapper scripts that nobody references.
    pub scripts: Step<Arc<SweepReport>>,
    /// The first table of runtimes.
    pub runtimes: runtimes::TableChanges,
    /// The participants that committed the first configuration, in order.
    pub participants: Vec<String>,
    /// The participants whose commit panicked. The host runs without their change.
    pub failed_commits: Vec<String>,
    /// How long the whole start took.
    pub took: Duration,
}

impl StartReport {
    /// Whether every step ran and left nothing.
    pub fn is_clean(&self) -> bool {
        let swept = self.sweep.done().is_some_and(is_clean);
        let scripts = self
            .scripts
            .done()
            .is_none_or(|report| report.failed.is_empty());
        let committed = self.failed_commits.is_empty();
        swept && scripts && committed && !self.root.is_failed() && !self.scripts.is_failed()
    }
}

/// What a reload changed. The default has changed nothing.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ReloadReport {
    /// The runtimes that were added, removed, changed.
    pub runtimes: runtimes::TableChanges,
    /// The participants that committed, in order.
    pub participants: Vec<String>,
    /// The participants whose commit panicked. The configuration is in force without their
    /// change.
    pub failed_commits: Vec<String>,
    /// The keys that changed in the file but need a restart. Their old values stay in force.
    pub needs_restart: Vec<&'static str>,
    /// How often the configuration has been replaced since the start.
    pub generation: u64,
}

/// What [`Host::shutdown`](crate::Host::shutdown) did.
///
/// The default is a report of nothing.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The sweep of leftover mounts, with the root released last.
    pub sweep: Step<CleanupReport>,
}

impl ShutdownReport {
    /// Whether nothing is left that is ours.
    pub fn is_clean(&self) -> bool {
        self.sweep.done().is_some_and(is_clean)
    }
}

/// A failure with its causes, on one line.
pub(super) struct Chain<'e>(pub(super) &'e dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

fn write_step<T>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    step: &Step<T>,
    done: impl FnOnce(&T) -> String,
) -> fmt::Result {
    match step {
        Step::Done(report) => writeln!(f, "{what}: {}", done(report)),
        Step::Failed(error) => writeln!(f, "{what}: failed: {}", Chain(error)),
        Step::Skipped(why) => writeln!(f, "{what}: not needed: {why}"),
    }
}

fn sweep_words(report: &CleanupReport) -> String {
    let left = report.left().count();
    let gone = report.steps().len() - left;
    let mut words = match (gone, left) {
        (0, 0) => "nothing left over".to_owned(),
        (1, 0) => "1 leftover mount gone".to_owned(),
        (gone, 0) => format!("{gone} leftover mounts gone"),
        (gone, left) => format!("{gone} leftover mounts gone, {left} left"),
    };
    let mut unknown = unknown(report);
    if let Some(why) = unknown.next() {
        let mounts = match 1 + unknown.count() {
            1 => "1 mount stays".to_owned(),
            n => format!("{n} mounts stay"),
        };
        words = format!(
            "{words}; {mounts}, since it cannot be told whether somebody lives there: {why}"
        );
    }
    words
}

impl fmt::Display for StartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_step(f, "sweep", &self.sweep, sweep_words)?;
        write_step(f, "data root", &self.root, |prepared| {
            format!("{:?}", prepared.action)
        })?;
        write_step(f, "scripts", &self.scripts, |report| {
            let gone = report
                .verdicts
                .iter()
                .filter(|verdict| verdict.reason.removes())
                .count();
            format!("{gone} of {} removed", report.verdicts.len())
        })?;
        write!(f, "{}", self.runtimes)?;
        write_panicked(f, &self.failed_commits)
    }
}

/// Names the participants whose commit panicked.
fn write_panicked(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    write!(f, "; panicked while committing: {}", names.join(", "))
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.runtimes)?;
        write_panicked(f, &self.failed_commits)?;
        if !self.needs_restart.is_empty() {
            write!(
                f,
                "; after a restart only: {}",
                self.needs_restart.join(", ")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_step(f, "sweep", &self.sweep, sweep_words)?;
        match self.sweep.done().map(CleanupReport::root) {
            Some(RootOutcome::Untouched(decision)) => write!(f, "{decision}"),
            Some(outcome) => write!(f, "{outcome}"),
            None => f.write_str("the root stays as it is"),
        }
    }
}

//! The JSON of reports. docs/json.md in the repository describes it.

use std::fmt::Display;
use std::sync::Arc;

use rootmount::{CleanupReport, PrepareAction, Prepared};
use runtimes::{SweepReport, TableChanges};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::health::Health;
use super::outcome::{Chain, ReloadReport, ShutdownReport, StartReport, Step};

/// A step with the JSON of its report: `{"step": "done", "report"}`, `{"step": "failed", "error"}`
/// or `{"step": "skipped", "why"}`.
struct StepJson<'s, T>(&'s Step<T>);

impl<T> Serialize for StepJson<'_, T>
where
    T: Report,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match self.0 {
            Step::Done(report) => {
                map.serialize_entry("step", "done")?;
                map.serialize_entry("report", &ReportJson(report))?;
            }
            Step::Failed(error) => {
                map.serialize_entry("step", "failed")?;
                map.serialize_entry("error", &Chain(error).to_string())?;
            }
            Step::Skipped(why) => {
                map.serialize_entry("step", "skipped")?;
                map.serialize_entry("why", why)?;
            }
        }
        map.end()
    }
}

/// What has a form as JSON in a step. Some reports are of crates that know no JSON.
trait Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

struct ReportJson<'r, T>(&'r T);

impl<T: Report> Serialize for ReportJson<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Report for CleanupReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(self, serializer)
    }
}

impl Report for rootmount::Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(self, serializer)
    }
}

impl Report for Prepared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let action = match self.action {
            PrepareAction::Nothing => "nothing",
            PrepareAction::KeptOurs => "kept-ours",
            PrepareAction::MadeShared => "made-shared",
            PrepareAction::Bound => "bound",
            _ => "other",
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("action", action)?;
        map.end()
    }
}

impl Report for Arc<SweepReport> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let goes = self.verdicts.iter().filter(|one| one.reason.removes());
        let (goes, failed) = (goes.count(), self.failed.len());
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("removed", &(goes - failed.min(goes)))?;
        map.serialize_entry("kept", &(self.verdicts.len() - goes))?;
        map.serialize_entry("failed", &failed)?;
        map.end()
    }
}

/// Writes the members of a change of the runtimes.
fn runtimes<M: SerializeMap>(map: &mut M, changes: &TableChanges) -> Result<(), M::Error> {
    map.serialize_entry("added", &changes.added)?;
    map.serialize_entry("removed", &changes.removed)?;
    map.serialize_entry("changed", &changes.changed)?;
    map.serialize_entry("default_changed", &changes.default_changed)?;
    map.serialize_entry("cannot_start", &changes.cannot_start)
}

fn detail<M: SerializeMap>(map: &mut M, report: &impl Display) -> Result<(), M::Error> {
    map.serialize_entry("detail", &report.to_string())
}

impl Serialize for StartReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("clean", &self.is_clean())?;
        map.serialize_entry("sweep", &StepJson(&self.sweep))?;
        map.serialize_entry("root", &StepJson(&self.root))?;
        map.serialize_entry("scripts", &StepJson(&self.scripts))?;
        runtimes(&mut map, &self.runtimes)?;
        map.serialize_entry("participants", &self.participants)?;
        map.serialize_entry("failed_commits", &self.failed_commits)?;
        map.serialize_entry("took_ms", &u64::try_from(self.took.as_millis()).ok())?;
        detail(&mut map, self)?;
        map.end()
    }
}

impl Serialize for ReloadReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("generation", &self.generation)?;
        runtimes(&mut map, &self.runtimes)?;
        map.serialize_entry("participants", &self.participants)?;
        map.serialize_entry("failed_commits", &self.failed_commits)?;
        map.serialize_entry("needs_restart", &self.needs_restart)?;
        detail(&mut map, self)?;
        map.end()
    }
}

impl Serialize for ShutdownReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("clean", &self.is_clean())?;
        map.serialize_entry("sweep", &StepJson(&self.sweep))?;
        detail(&mut map, self)?;
        map.end()
    }
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("fine", &self.is_fine())?;
        map.serialize_entry("generation", &self.generation)?;
        map.serialize_entry("faults", &self.faults)?;
        map.serialize_entry("root", &StepJson(&self.root))?;
        map.end()
    }
}

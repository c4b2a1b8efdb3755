//! Plans and reports as the command's JSON has them (feature `serde`).
//!
//! A path that is not UTF-8 is written lossily. A second field, `<name>_hex`, has its exact
//! bytes in hexadecimal.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use mountscan::{HolderProcess, KernelUse};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::cleanup::report::{CleanupReport, RootOutcome, StepReport};
use crate::data_root::status::Status;
use crate::plan::cleanup_plan::{CleanupPlan, KeepReason, Kept, RootAction, RootDecision, Step};
use crate::plan::diff::PlanDiff;
use crate::text::held_by::how;
use crate::unmount::outcome::{CopyElsewhere, HeldBy, Outcome};

fn path<M: SerializeMap>(map: &mut M, key: &str, path: &Path) -> Result<(), M::Error> {
    map.serialize_entry(key, &path.to_string_lossy())?;
    if path.to_str().is_none() {
        let hex: String = path
            .as_os_str()
            .as_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        map.serialize_entry(&format!("{key}_hex"), &hex)?;
    }
    Ok(())
}

fn step<M: SerializeMap>(map: &mut M, step: &Step) -> Result<(), M::Error> {
    map.serialize_entry("mount_id", &step.mount.mount_id.0)?;
    path(map, "mount_point", &step.mount.mount_point)?;
    map.serialize_entry("rule", &step.rule)?;
    map.serialize_entry("unique_id", &step.mount.unique_id.map(|id| id.0))?;
    map.serialize_entry("parent_id", &step.parent_id.0)?;
    map.serialize_entry("major", &step.mount.device.major)?;
    map.serialize_entry("minor", &step.mount.device.minor)?;
    path(map, "root", &step.mount.root)?;
    path(map, "fs_type", Path::new(&step.fs_type))?;
    map.serialize_entry("hidden", &step.hidden)?;
    match &step.container {
        Some(container) => path(map, "container", Path::new(container)),
        None => map.serialize_entry("container", &None::<&str>),
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        step(&mut map, self)?;
        map.end()
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        path(&mut map, "mount_point", &self.mount.mount_point)?;
        map.serialize_entry("reason", &self.reason.to_string())?;
        map.serialize_entry("mount_id", &self.mount.mount_id.0)?;
        let (life, evidence) = match &self.reason {
            KeepReason::Lives { by, .. } => ("lives", Some(by)),
            KeepReason::Unknown { why } => ("unknown", Some(why)),
            KeepReason::Live(_) | KeepReason::BelowLive(_) => ("lives", None),
            _ => ("not-asked", None),
        };
        map.serialize_entry("life", life)?;
        map.serialize_entry("evidence", &evidence)?;
        map.end()
    }
}

impl Serialize for RootDecision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let action = match self.action {
            RootAction::Keep => "keep",
            RootAction::Release => "release",
            RootAction::None => "none",
        };
        map.serialize_entry("action", action)?;
        map.serialize_entry("reason", &self.reason)?;
        map.end()
    }
}

impl Serialize for CleanupPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        path(&mut map, "root_path", &self.root)?;
        map.serialize_entry("steps", &self.steps)?;
        map.serialize_entry("kept", &self.kept)?;
        map.serialize_entry("root", &self.root_decision)?;
        let contradictions = self.contradictions.iter().map(ToString::to_string);
        map.serialize_entry("contradictions", &contradictions.collect::<Vec<_>>())?;
        map.end()
    }
}

impl Serialize for StepReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        step(&mut map, &self.step)?;
        map.serialize_entry("outcome", self.outcome.as_str())?;
        map.serialize_entry("attempts", &self.attempts)?;
        map.serialize_entry("detail", &self.outcome.to_string())?;
        if let Some(failure) = &self.left_private {
            map.serialize_entry("left_private", &failure.message)?;
        }
        if let Some(life) = self.life() {
            map.serialize_entry("life", life.as_str())?;
        }
        match &self.outcome {
            Outcome::Detached { holders } | Outcome::Busy { holders } => {
                map.serialize_entry("holders", holders)?;
            }
            Outcome::Replaced { found } => map.serialize_entry("found", &found.0)?,
            Outcome::Failed(failure) => map.serialize_entry("errno", &failure.errno)?,
            Outcome::Alive { by: evidence } | Outcome::CannotTell { why: evidence } => {
                map.serialize_entry("evidence", evidence)?;
            }
            Outcome::NoAnswer { .. } | Outcome::Unmounted | Outcome::AlreadyGone => {}
        }
        map.end()
    }
}

/// A process as `mounts holders` writes it.
struct Process<'a>(&'a HolderProcess);

impl Serialize for Process<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("pid", &self.0.pid)?;
        map.serialize_entry("thread", &self.0.thread)?;
        path(&mut map, "comm", Path::new(&self.0.comm))?;
        map.serialize_entry("uses", &self.0.uses.iter().map(how).collect::<Vec<_>>())?;
        map.serialize_entry("unread", &self.0.is_unread)?;
        map.end()
    }
}

/// What the kernel has open, as `mounts holders` writes it.
struct Kernel<'a>(&'a KernelUse);

impl Serialize for Kernel<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (kind, device, file) = match self.0 {
            KernelUse::Loop { device, file } => ("loop", Some(device), Some(file)),
            KernelUse::Swap { file } => ("swap", None, Some(file)),
            _ => ("other", None, None),
        };
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("device", &device)?;
        if let Some(file) = file {
            path(&mut map, "file", file)?;
        }
        map.end()
    }
}

impl Serialize for CopyElsewhere {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("inode", &self.namespace)?;
        map.serialize_entry("process", &self.process.as_ref().map(Process))?;
        map.end()
    }
}

impl Serialize for HeldBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mounts = self.mounts.iter().map(|at| at.to_string_lossy());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("searched", &self.is_searched)?;
        let processes: Vec<Process<'_>> = self.processes.iter().map(Process).collect();
        map.serialize_entry("processes", &processes)?;
        map.serialize_entry("mounts", &mounts.collect::<Vec<_>>())?;
        map.serialize_entry("namespaces", &self.copies)?;
        let kernel: Vec<Kernel<'_>> = self.kernel.iter().map(Kernel).collect();
        map.serialize_entry("kernel", &kernel)?;
        map.serialize_entry("unreadable", &self.unreadable)?;
        map.end()
    }
}

/// The root as it was decided, and what became of it.
struct RootReport<'a>(&'a CleanupReport);

impl Serialize for RootReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (decision, outcome) = (&self.0.root_decision, &self.0.root);
        let (word, reason) = match outcome {
            RootOutcome::Untouched(_) => ("untouched", decision.reason.clone()),
            RootOutcome::Released { lazily: false } => ("unmounted", decision.reason.clone()),
            RootOutcome::Released { lazily: true } => ("detached", decision.reason.clone()),
            RootOutcome::Held => ("held", outcome.to_string()),
            RootOutcome::Failed(failure) => ("failed", failure.message.clone()),
        };
        let mut map = serializer.serialize_map(None)?;
        let action = match decision.action {
            RootAction::Keep => "keep",
            RootAction::Release => "release",
            RootAction::None => "none",
        };
        map.serialize_entry("action", action)?;
        map.serialize_entry("reason", &reason)?;
        map.serialize_entry("outcome", word)?;
        if let Some(life) = self.0.root_life() {
            map.serialize_entry("life", life.as_str())?;
        }
        map.end()
    }
}

impl Serialize for CleanupReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        path(&mut map, "root_path", &self.root_path)?;
        map.serialize_entry("steps", &self.steps)?;
        map.serialize_entry("kept", &self.kept)?;
        map.serialize_entry("root", &RootReport(self))?;
        map.end()
    }
}

impl Serialize for PlanDiff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("gone", &self.gone)?;
        map.serialize_entry("added", &self.added)?;
        map.serialize_entry("root", &self.root)?;
        map.end()
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        path(&mut map, "root", &self.root)?;
        map.serialize_entry("mounted", &self.is_mounted)?;
        map.serialize_entry("stacked", &self.stacked)?;
        map.serialize_entry("mount_id", &self.holder.mount.mount_id.0)?;
        map.serialize_entry("unique_id", &self.holder.mount.unique_id.map(|id| id.0))?;
        path(&mut map, "mount_point", &self.holder.mount.mount_point)?;
        map.serialize_entry("propagation", self.holder.propagation_word())?;
        map.serialize_entry("self_bind", &self.self_bind.to_string())?;
        map.serialize_entry("ours", &self.ownership.is_ours())?;
        map.serialize_entry("ownership", self.ownership.as_str())?;
        map.serialize_entry("detail", &self.ownership.to_string())?;
        map.end()
    }
}

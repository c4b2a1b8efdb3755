//! Compares two plans, and reduces a plan to what a second look confirms.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use mountscan::MountId;

use crate::liveness::container_key::ContainerKey;
use crate::path_text::{short_ids, shown};
use crate::plan::cleanup_plan::{CleanupPlan, KeepReason, Kept, RootDecision, Step};

/// The difference between two plans; see [`CleanupPlan::diff`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanDiff {
    /// Steps of the older plan that the newer one does not have, in its order.
    pub gone: Vec<Step>,
    /// Steps that only the newer plan has, in its order.
    pub added: Vec<Step>,
    /// The decisions on the root, older and newer, if they differ.
    pub root: Option<(RootDecision, RootDecision)>,
}

impl CleanupPlan {
    /// Compares with a newer plan, mount by mount: two plans made at different
    /// times, with other rules, or with other ids to keep.
    pub fn diff(&self, newer: &Self) -> PlanDiff {
        let root = (self.root_decision != newer.root_decision)
            .then(|| (self.root_decision.clone(), newer.root_decision.clone()));
        PlanDiff {
            gone: missing(&self.steps, &newer.steps),
            added: missing(&newer.steps, &self.steps),
            root,
        }
    }
}

/// The steps of `these` that are not among `those`.
fn missing(these: &[Step], those: &[Step]) -> Vec<Step> {
    let by_id: HashMap<MountId, &Step> = those.iter().map(|s| (s.mount.mount_id, s)).collect();
    let is_there = |s: &&Step| {
        by_id
            .get(&s.mount.mount_id)
            .is_some_and(|other| s.is_same_mount(other))
    };
    these.iter().filter(|s| !is_there(s)).cloned().collect()
}

impl CleanupPlan {
    /// Reduces the plan of a second look: a mount that was not planned at the first look stays.
    ///
    /// Use it for a root on which an engine runs. A mount that is dead in two looks some
    /// seconds apart does not belong to a container that is just being made. All mounts of a
    /// container stay if one of them is new.
    pub fn settled(mut self, earlier: &Self) -> Self {
        let new = missing(&self.steps, &earlier.steps);
        let new_ids: HashSet<MountId> = new.iter().map(|s| s.mount.mount_id).collect();
        let mut containers: HashMap<OsString, Vec<ContainerKey>> = HashMap::new();
        for container in new.iter().filter(|step| step.container.is_some()) {
            let container = container.container_key();
            let same_id = containers.entry(container.id.clone()).or_default();
            same_id.push(container);
        }
        let is_new = |step: &Step| {
            let own = step.container_key();
            let mut same_id = containers.get(&own.id).into_iter().flatten();
            same_id.any(|it| own.may_be_in(it.namespace.as_deref()))
                || new_ids.contains(&step.mount.mount_id)
        };
        // Steps come after those on them.
        let mut holders: HashMap<MountId, PathBuf> = HashMap::new();
        for step in std::mem::take(&mut self.steps) {
            let reason = match holders.get(&step.mount.mount_id) {
                _ if is_new(&step) => KeepReason::Unknown {
                    why: "it was not there, or not dead, at the first look".to_owned(),
                },
                Some(point) => KeepReason::HoldsKept(point.clone()),
                None => {
                    self.steps.push(step);
                    continue;
                }
            };
            let point = step.mount.mount_point.clone();
            holders.entry(step.parent_id).or_insert(point);
            let mount = step.mount;
            self.kept.push(Kept { mount, reason });
        }
        self
    }
}

impl PlanDiff {
    /// Whether the plans do the same.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.added.is_empty() && self.root.is_none()
    }
}

impl fmt::Display for PlanDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |step: &Step| {
            format!(
                "{}  (mount {}; {})",
                short_ids(&shown(&step.mount.mount_point)),
                step.mount.mount_id,
                step.rule
            )
        };
        let gone = self.gone.iter().map(|s| format!("- {}", line(s)));
        let added = self.added.iter().map(|s| format!("+ {}", line(s)));
        let root = self
            .root
            .iter()
            .flat_map(|(old, new)| [format!("- {old}"), format!("+ {new}")]);
        let lines: Vec<String> = gone.chain(added).chain(root).collect();
        f.write_str(if lines.is_empty() {
            "no difference"
        } else {
            ""
        })?;
        f.write_str(&lines.join("\n"))
    }
}

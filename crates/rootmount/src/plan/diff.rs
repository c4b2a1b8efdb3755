//! The difference between two plans.

use std::collections::HashMap;
use std::fmt;

use mountscan::MountId;

use crate::path_text::shown;
use crate::plan::cleanup_plan::{CleanupPlan, RootDecision, Step};

/// What is in one plan and not in another; from [`CleanupPlan::diff`].
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
                shown(&step.mount.mount_point),
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

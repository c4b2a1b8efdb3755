//! What became of each step of a plan.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mountscan::{MountLife, MountWitness};

use crate::error::{Error, ErrorKind};
use crate::plan::cleanup_plan::{CleanupPlan, Kept, RootDecision, Step};
use crate::unmount::outcome::{Failure, Outcome};

/// What [`execute`](crate::execute()) did: one outcome for every step, in the order
/// of the plan.
///
/// `Display` shows it to a person; with the feature `serde` it serialises as the
/// plan does, each step with its `outcome`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupReport {
    pub(crate) root_path: PathBuf,
    pub(crate) steps: Vec<StepReport>,
    pub(crate) kept: Vec<Kept>,
    pub(crate) root_decision: RootDecision,
    pub(crate) root: RootOutcome,
    pub(crate) root_witness: Option<Arc<MountWitness>>,
}

/// One step and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepReport {
    /// The step as it was planned.
    pub step: Step,
    /// What became of it.
    pub outcome: Outcome,
    /// How many unmount calls were made for it.
    pub attempts: u32,
    /// Set if the mount below it stayed private. Then what is mounted there no longer spreads,
    /// until somebody repairs it. This happens only without
    /// [`propagate`](crate::ExecuteOptions::propagate), and only if the kernel refuses a call
    /// that it allowed in the rehearsal.
    pub left_private: Option<Failure>,
    /// For a mount that was detached lazily: tells later whether it still lives, without keeping
    /// it alive. `None` for any other outcome. Also `None` where it cannot be opened: for a mount
    /// whose files come from a server, and for one that went together with another mount.
    pub mount_witness: Option<Arc<MountWitness>>,
}

impl StepReport {
    /// Whether the mount still lives now, if it was detached lazily; `None` if it was not.
    ///
    /// While it lives, its holders work on files below it. Ask again before the data is
    /// removed. Without a [witness](Self::mount_witness) the answer is
    /// [`MountLife::Unknown`], never [`MountLife::Gone`].
    pub fn life(&self) -> Option<MountLife> {
        match self.outcome {
            Outcome::Detached { .. } => Some(life(self.mount_witness.as_deref())),
            _ => None,
        }
    }
}

/// The life of a mount that is in no namespace any more, so that its end alone is asked for.
fn life(witness: Option<&MountWitness>) -> MountLife {
    match witness.and_then(MountWitness::has_ended) {
        Some(true) => MountLife::Gone,
        Some(false) => MountLife::Detached,
        None => MountLife::Unknown,
    }
}

/// What became of the mount at the root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootOutcome {
    /// The plan was to leave it as it is, or there is no mount at the root.
    Untouched(RootDecision),
    /// It was ours and is gone.
    Released {
        /// Whether it was busy and had to be detached lazily.
        lazily: bool,
    },
    /// It should be released, but a mount below it is left.
    Held,
    /// It should be released, but that failed.
    Failed(Failure),
}

/// How far a clean-up is; see [`execute_with`](crate::execute_with).
#[derive(Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// Steps that are done, this one included. Steps of independent subtrees may
    /// end in another order than the plan's.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
    /// The step that has just ended.
    pub step: &'a Step,
    /// What became of it.
    pub outcome: &'a Outcome,
}

impl CleanupReport {
    /// A report of a plan that says what became of each step, for tests of what handles reports.
    /// Nothing is done. The root is left as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use rootmount::{CleanupReport, MountTable, Outcome, PlanOptions, Rules};
    /// let shm = format!("/r/containers/{}/mounts/shm", "a".repeat(64));
    /// let table = MountTable::from_bytes(format!("2 1 0:2 / {shm} rw - tmpfs t rw\n"));
    /// let plan = rootmount::plan(&table, &Rules::sweep(), &PlanOptions::new("/r"))?;
    /// let busy = Outcome::Alive { by: "runs: pid 7 sleep".into() };
    /// assert!(CleanupReport::of(&plan, |_| Outcome::Unmounted).is_clean());
    /// assert_eq!(CleanupReport::of(&plan, |_| busy.clone()).left().count(), 1);
    /// # Ok::<(), rootmount::Error>(())
    /// ```
    pub fn of(plan: &CleanupPlan, outcome: impl Fn(&Step) -> Outcome) -> Self {
        let report = |step: &Step| StepReport {
            step: step.clone(),
            outcome: outcome(step),
            attempts: 1,
            left_private: None,
            mount_witness: None,
        };
        Self {
            root_path: plan.root.clone(),
            steps: plan.steps.iter().map(report).collect(),
            kept: plan.kept.clone(),
            root_decision: plan.root_decision.clone(),
            root: RootOutcome::Untouched(plan.root_decision.clone()),
            root_witness: None,
        }
    }

    /// The data root.
    pub fn root_path(&self) -> &Path {
        &self.root_path
    }

    /// The steps with their outcomes, in the order of the plan.
    pub fn steps(&self) -> &[StepReport] {
        &self.steps
    }

    /// The mounts that the plan kept.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// What became of the mount at the root.
    pub fn root(&self) -> &RootOutcome {
        &self.root
    }

    /// Whether the mount of the root still lives now, if it was detached lazily; `None` if it was
    /// not. As [`StepReport::life`].
    pub fn root_life(&self) -> Option<MountLife> {
        match self.root {
            RootOutcome::Released { lazily: true } => Some(life(self.root_witness())),
            _ => None,
        }
    }

    /// Tells later whether the mount of the root still lives, if it was detached lazily.
    pub fn root_witness(&self) -> Option<&MountWitness> {
        self.root_witness.as_deref()
    }

    /// The steps whose mounts are still there.
    pub fn left(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|r| !r.outcome.is_gone())
    }

    /// The report, or an error if something is left: what became of the first such mount.
    ///
    /// # Errors
    ///
    /// If [`is_clean`](Self::is_clean) is false. The kind and the errno are those of the mount
    /// that is left.
    pub fn into_result(self) -> Result<Self, Error> {
        if self.is_clean() {
            return Ok(self);
        }
        let private = self.steps.iter().find_map(|s| s.left_private.as_ref());
        let root = match &self.root {
            RootOutcome::Failed(failure) => Some(failure),
            _ => None,
        };
        Err(match self.left().next() {
            Some(left) => left.outcome.error(left.to_string()),
            None => match private.or(root) {
                Some(failure) => failure.error(failure.message.clone()),
                None => Error::new(ErrorKind::Busy, self.root.to_string()),
            },
        }
        .at(&self.root_path))
    }

    /// Whether everything that was planned is gone, and nothing else has changed.
    pub fn is_clean(&self) -> bool {
        self.left().next().is_none()
            && self.steps.iter().all(|step| step.left_private.is_none())
            && matches!(
                self.root,
                RootOutcome::Untouched(_) | RootOutcome::Released { .. }
            )
    }
}

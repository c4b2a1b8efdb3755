//! Carries out a plan: its steps, and then the release of the root.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use mountscan::{MountTable, MountWitness};

use crate::cleanup::options::ExecuteOptions;
use crate::cleanup::report::{CleanupReport, Progress, RootOutcome, StepReport};
use crate::data_root::release::{Released, release_with};
use crate::error::{Error, ErrorKind};
use crate::liveness::evidence::Evidence;
use crate::liveness::judge::{Judge, Verdict};
use crate::liveness::layer_map::LayerMap;
use crate::liveness::look::Look;
use crate::liveness::verdicts::{Judged, verdicts};
use crate::log::debug;
use crate::mount::{Facts, Same, same};
use crate::path_text::shown;
use crate::plan::cleanup_plan::{CleanupPlan, RootAction, Step};
use crate::table::read_table;
use crate::unmount::crew::engine::{not_tried, unmount_all};
use crate::unmount::execution::Execution;
use crate::unmount::gate::Gate;
use crate::unmount::outcome::Done;
use crate::unmount::outcome::{Failure, Outcome};
use crate::unmount::target::{Target, is_served};

/// Carries out a plan, step by step, and says what became of each.
///
/// It acts in the mount namespace of the calling thread. That must be the namespace of the
/// plan. A step acts only on the mount that was planned; see the [crate
/// page](crate#what-a-step-does). After a failed step the next one follows. A step that takes
/// too long is given up.
///
/// # Errors
///
/// Only if nothing can be begun: [`ErrorKind::BadRoot`] if the root cannot be
/// opened, [`ErrorKind::NoAnswer`] if it does not answer, [`ErrorKind::Table`] if the
/// mount table cannot be read. What happens to single mounts is in the report.
///
/// # References
///
/// umount(2), openat2(2), statx(2).
pub fn execute(plan: &CleanupPlan, options: &ExecuteOptions) -> Result<CleanupReport, Error> {
    execute_with(plan, options, |_| {})
}

/// Does the same as [`execute`], and calls `progress` after each step, in the calling thread.
///
/// # Errors
///
/// As [`execute`].
pub fn execute_with(
    plan: &CleanupPlan,
    options: &ExecuteOptions,
    progress: impl FnMut(Progress<'_>),
) -> Result<CleanupReport, Error> {
    let mut run = Run {
        plan,
        options,
        progress,
        done: 0,
        outcomes: plan.steps.iter().map(|_| None).collect(),
    };
    run.steps(false)?;
    let root = run.release_root();
    // What is hidden may have been hidden by the root itself.
    run.steps(true)?;
    run.verify_presumed()?;
    Ok(run.report(root))
}

/// What became of the root, with the witness of its mount if that was detached lazily.
struct RootDone {
    outcome: RootOutcome,
    witness: Option<Arc<MountWitness>>,
}

impl From<RootOutcome> for RootDone {
    fn from(outcome: RootOutcome) -> Self {
        Self {
            outcome,
            witness: None,
        }
    }
}

/// A plan that is being carried out.
struct Run<'a, P> {
    plan: &'a CleanupPlan,
    options: &'a ExecuteOptions,
    progress: P,
    done: usize,
    outcomes: Vec<Option<Done>>,
}

impl<P: FnMut(Progress<'_>)> Run<'_, P> {
    /// Runs the steps that can be reached, or those that are hidden.
    fn steps(&mut self, hidden: bool) -> Result<(), Error> {
        let is_chosen = |step: &&Step| step.hidden == hidden;
        if !self.plan.steps.iter().any(|step| is_chosen(&step)) {
            return Ok(());
        }
        let targets = self.plan.steps.iter().map(target).collect();
        let kept = self.plan.kept.iter().map(|kept| &kept.mount);
        let how = self.options.engine();
        // Begun anew for the hidden steps: the release of the root may have changed what their
        // paths lead to.
        let mut execution = Execution::begin(&self.plan.root, targets, kept, &how)?;
        execution.gate = self.options.look.clone().map(|look| self.gate(look));
        let steps = &self.plan.steps;
        let chosen = |lowest: usize| steps[lowest].hidden == hidden;
        unmount_all(&Arc::new(execution), chosen, |index, done| {
            self.note(index, done);
        });
        Ok(())
    }

    /// Judges the containers of all steps again, by evidence of that moment.
    fn gate(&self, look: Look) -> Gate {
        let steps = self.plan.steps.clone();
        let layers = self.plan.layers.clone();
        Gate::new(self.options.judged_at, move || {
            judge_again(&steps, &look.gather(), &layers)
        })
    }

    fn note(&mut self, index: usize, done: Done) {
        self.done += 1;
        let step = &self.plan.steps[index];
        debug!(
            mount_point = %shown(&step.mount.mount_point),
            outcome = done.outcome.as_str(),
            "clean-up step"
        );
        (self.progress)(Progress {
            done: self.done,
            total: self.plan.steps.len(),
            step,
            outcome: &done.outcome,
        });
        self.outcomes[index] = Some(done);
    }

    /// Releases the root if the plan says so and nothing below it is left.
    fn release_root(&self) -> RootDone {
        let decision = &self.plan.root_decision;
        let is_planned = decision.action == RootAction::Release;
        let Some(data_root) = self.options.data_root.as_ref().filter(|_| is_planned) else {
            return RootOutcome::Untouched(decision.clone()).into();
        };
        let is_left = |done: &Done| !done.outcome.is_gone();
        if self.outcomes.iter().flatten().any(is_left) {
            return RootOutcome::Held.into();
        }
        match release_with(data_root, self.options.propagate) {
            Ok((Released::Unmounted, _)) => RootOutcome::Released { lazily: false }.into(),
            Ok((Released::Detached, witness)) => RootDone {
                outcome: RootOutcome::Released { lazily: true },
                witness,
            },
            Ok(_) => RootOutcome::Untouched(decision.clone()).into(),
            Err(error) => RootOutcome::Failed(Failure::from(&error)).into(),
        }
    }

    /// Some mounts were not at their place: they are gone, or out of reach. The table says
    /// which. It is read once for all of them.
    fn verify_presumed(&mut self) -> Result<(), Error> {
        if !self.outcomes.iter().flatten().any(|done| done.presumed) {
            return Ok(());
        }
        // The table also lists a mount whose path leads elsewhere. A look at the place cannot
        // find it.
        let now = read_table(&self.options.mountinfo)?;
        for (step, done) in self.plan.steps.iter().zip(&mut self.outcomes) {
            let presumed = done.as_mut().filter(|done| done.presumed);
            let Some((done, error)) = presumed.zip(out_of_reach(step, &now)) else {
                continue;
            };
            done.outcome = Outcome::Failed(Failure::from(&error));
        }
        Ok(())
    }

    fn report(self, root: RootDone) -> CleanupReport {
        let report = |(step, done): (&Step, Option<Done>)| {
            let done = done.unwrap_or_else(not_tried);
            StepReport {
                step: step.clone(),
                outcome: done.outcome,
                attempts: done.attempts,
                left_private: done.left_private,
                mount_witness: done.witness,
            }
        };
        CleanupReport {
            root_path: self.plan.root.clone(),
            steps: self
                .plan
                .steps
                .iter()
                .zip(self.outcomes)
                .map(report)
                .collect(),
            kept: self.plan.kept.clone(),
            root_decision: self.plan.root_decision.clone(),
            root: root.outcome,
            root_witness: root.witness,
        }
    }
}

/// The steps whose containers are no longer proved to be dead, with the outcome for each.
fn judge_again(steps: &[Step], evidence: &Evidence, layers: &LayerMap) -> HashMap<usize, Outcome> {
    let judge = Judge::new(evidence, layers);
    let judged = steps.iter();
    let judged = judged.map(|s| Judged::new(s.container_key(), &s.mount, s.spreads));
    let verdicts = verdicts(&judge, &judged.collect::<Vec<_>>());
    let outcome = |step: &Step| match verdicts.get(&step.container_key())? {
        Verdict::Dead => None,
        Verdict::Lives { by } => Some(Outcome::Alive { by: by.clone() }),
        Verdict::Unknown { why } => Some(Outcome::CannotTell { why: why.clone() }),
        Verdict::Contradiction(what) => Some(Outcome::CannotTell { why: what.cause() }),
    };
    let closed = steps.iter().enumerate();
    closed
        .filter_map(|(i, step)| Some((i, outcome(step)?)))
        .collect()
}

fn target(step: &Step) -> Target {
    Target {
        mount: step.mount.clone(),
        parent_id: step.parent_id,
        may_hang: is_served(step.fs_type.as_bytes()),
        // What is on it has steps of its own; the crew gathers them where a look-up could hang.
        whole_tree: false,
    }
}

/// An error for a mount that was not at its place but is still in the table. It says where the
/// mount is.
fn out_of_reach(step: &Step, now: &MountTable) -> Option<Error> {
    let row = now.by_id(step.mount.mount_id)?;
    // The id was used again for another mount: the planned one is gone.
    if same(&step.mount.facts(), &Facts::from(row)) == Same::No {
        return None;
    }
    let (planned, point) = (&step.mount.mount_point, row.mount_point());
    let text = match point == *planned {
        true => format!("{} is hidden by another mount", shown(planned)),
        false => format!("{} was moved to {}", shown(planned), shown(&point)),
    };
    Some(Error::new(ErrorKind::Hidden, text))
}

//! Carries out a plan.

use std::collections::HashMap;
use std::mem;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mountscan::{MountId, MountTable};
use tracing::debug;

use crate::data_root::release::{Released, release_with};
use crate::data_root::status::DataRootOptions;
use crate::error::{Error, ErrorKind};
use crate::path_text::shown;
use crate::plan::cleanup_plan::{CleanupPlan, RootAction, Step};
use crate::table::{MOUNTINFO, read_table};
use crate::unmount::report::{CleanupReport, Failure, Outcome, Progress, RootOutcome, StepReport};
use crate::unmount::shared::{Worker, World, world};
use crate::unmount::step::{Done, run};

/// For how long a thread keeps results to itself. Each hand-over wakes the calling
/// thread, and a processor that is awake makes the kernel's grace period, which every
/// unmount waits for, several times as long.
const BATCH_TIME: Duration = Duration::from_millis(20);

/// Threads that are worth their start however few the subtrees are.
const FEW_THREADS: usize = 8;
/// Subtrees that make another thread worth its start.
const GROUPS_PER_THREAD: usize = 12;

/// How a plan is carried out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExecuteOptions {
    /// Whether a mount that stays busy may be detached lazily.
    pub detach: Detach,
    /// How often a busy mount is tried again before that. Most of what makes a
    /// mount busy is a path look-up that is over in an instant.
    pub busy_retries: u32,
    /// The wait before the first of these tries; each next one is twice as long.
    pub busy_wait: Duration,
    /// How many threads unmount at once, at most: beyond eight, one for every dozen
    /// independent subtrees. Each call waits for the kernel's grace period, so many
    /// overlap even on one processor.
    pub threads: usize,
    /// How many independent subtrees a plan must have to use several threads.
    pub parallel_from: usize,
    /// Whether unmounting may reach the peers and slaves of the mount below, in this
    /// and in other mount namespaces, as it does by nature. If not, a mount that lies on a
    /// shared one is unmounted while that one has left its peer group; see
    /// [unmounting and peers](crate#unmounting-and-peers). Linux 5.15; a step for which it
    /// cannot be done fails, and nothing is unmounted.
    pub propagate: bool,
    /// For how many busy mounts the report names who holds them; each costs a look at
    /// all processes.
    pub name_holders: usize,
    /// The mount table of the calling thread.
    pub mountinfo: PathBuf,
    /// Where the data root's ownership record is; without it the root stays, also
    /// if the plan says that it is to be released.
    pub data_root: Option<DataRootOptions>,
    /// Whether each step is to detach its mount with all that is mounted on it.
    pub(crate) whole_tree: bool,
}

/// What to do with a mount that stays busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Detach {
    /// Leave it, and say so.
    Never,
    /// Detach it lazily, and say so: it leaves the mount table at once and lives
    /// on for those who hold it. Not done while anything is mounted below it.
    #[default]
    WhenBusy,
}

impl Default for ExecuteOptions {
    fn default() -> ExecuteOptions {
        ExecuteOptions {
            detach: Detach::default(),
            busy_retries: 5,
            busy_wait: Duration::from_millis(1),
            threads: 32,
            parallel_from: 16,
            propagate: true,
            name_holders: 8,
            mountinfo: PathBuf::from(MOUNTINFO),
            data_root: None,
            whole_tree: false,
        }
    }
}

impl ExecuteOptions {
    /// The defaults: lazily when busy, five more tries over 31 ms, up to 32 threads.
    pub fn new() -> ExecuteOptions {
        ExecuteOptions::default()
    }

    pub(crate) fn read_table(&self) -> Result<MountTable, Error> {
        read_table(&self.mountinfo)
    }
}

/// Carries out a plan, step by step, and says what became of each.
///
/// It acts in the mount namespace of the calling thread, which must be that of
/// the plan. A step acts only on the very mount that was planned; see the
/// [crate page](crate#what-a-step-does). It goes on after a step that failed.
///
/// # Errors
///
/// Only if nothing can be begun: [`ErrorKind::BadRoot`] if the root cannot be
/// opened, [`ErrorKind::Table`] if the mount table cannot be read. What happens
/// to single mounts is in the report.
///
/// # References
///
/// umount(2), openat2(2), statx(2).
pub fn execute(plan: &CleanupPlan, options: &ExecuteOptions) -> Result<CleanupReport, Error> {
    execute_with(plan, options, |_| {})
}

/// The same, and calls `progress` after each step, in the calling thread.
///
/// # Errors
///
/// As [`execute`].
pub fn execute_with(
    plan: &CleanupPlan,
    options: &ExecuteOptions,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<CleanupReport, Error> {
    let mut outcomes: Vec<Option<Done>> = plan.steps.iter().map(|_| None).collect();
    let (open, hidden) = groups(&plan.steps);
    let mut done = 0;
    let mut note = |index: usize, result: &Done| {
        done += 1;
        let step = &plan.steps[index];
        debug!(mount_point = %shown(&step.mount_point), outcome = result.outcome.name(), "clean-up step");
        progress(Progress {
            done,
            total: plan.steps.len(),
            step,
            outcome: &result.outcome,
        });
    };
    run_groups(plan, options, &open, &mut outcomes, &mut note)?;
    let root = release_root(plan, options, &outcomes);
    run_groups(plan, options, &hidden, &mut outcomes, &mut note)?;
    verify_presumed(plan, options, &mut outcomes)?;
    let report = |(step, done): (&Step, Option<Done>)| {
        let done = done.unwrap_or_else(not_tried);
        StepReport {
            step: step.clone(),
            outcome: done.outcome,
            attempts: done.attempts,
            left_private: done.left_private,
        }
    };
    Ok(CleanupReport {
        root_path: plan.root.clone(),
        steps: plan.steps.iter().zip(outcomes).map(report).collect(),
        kept: plan.kept.clone(),
        root_decision: plan.root_decision.clone(),
        root,
    })
}

/// Steps that depend on each other, as indices in their order.
type Group = Vec<usize>;

/// Splits the steps into groups that do not depend on each other: each is a mount
/// with those on it. Groups whose lowest mount cannot be reached come apart.
fn groups(steps: &[Step]) -> (Vec<Group>, Vec<Group>) {
    let mut of_mount: HashMap<MountId, usize> = HashMap::with_capacity(steps.len());
    let mut groups: Vec<(bool, Group)> = Vec::new();
    // From the end: a mount comes after what is on it.
    for (index, step) in steps.iter().enumerate().rev() {
        let group = *of_mount.get(&step.parent_id).unwrap_or(&groups.len());
        if group == groups.len() {
            groups.push((step.hidden, Vec::new()));
        }
        groups[group].1.push(index);
        of_mount.insert(step.mount_id, group);
    }
    let in_order = |(hidden, mut group): (bool, Group)| {
        group.reverse();
        (hidden, group)
    };
    let (hidden, open): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .rev()
        .map(in_order)
        .partition(|(hidden, _)| *hidden);
    let bare = |groups: Vec<(bool, Group)>| groups.into_iter().map(|(_, g)| g).collect();
    (bare(open), bare(hidden))
}

fn run_groups(
    plan: &CleanupPlan,
    options: &ExecuteOptions,
    groups: &[Group],
    outcomes: &mut [Option<Done>],
    note: &mut impl FnMut(usize, &Done),
) -> Result<(), Error> {
    if groups.is_empty() {
        return Ok(());
    }
    let world = world(plan, options)?;
    let threads = if groups.len() < options.parallel_from {
        1
    } else {
        let worth = FEW_THREADS.max(groups.len() / GROUPS_PER_THREAD);
        options.threads.min(worth).clamp(1, groups.len())
    };
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        let work = |worker: fn() -> Worker| {
            let (sender, world, next) = (sender.clone(), &world, &next);
            move || work(plan, world, groups, next, worker(), &sender)
        };
        let start = |_| {
            thread::Builder::new()
                .spawn_scoped(scope, work(Worker::new))
                .is_ok()
        };
        if (0..threads).take_while(|n| start(*n)).count() == 0 {
            // No thread to be had: this one does it, without a directory of its own.
            work(Worker::borrowed)();
        }
        drop(sender);
        for (index, done) in results.into_iter().flatten() {
            note(index, &done);
            outcomes[index] = Some(done);
        }
    });
    for &index in groups.iter().flatten() {
        outcomes[index].get_or_insert_with(not_tried);
    }
    Ok(())
}

fn not_tried() -> Done {
    let error = Error::new(
        ErrorKind::System,
        "no thread could be prepared to unmount it",
    );
    Done {
        outcome: Outcome::Failed(Failure::from(&error)),
        attempts: 0,
        left_private: None,
        presumed: false,
    }
}

fn work(
    plan: &CleanupPlan,
    world: &World<'_>,
    groups: &[Group],
    next: &AtomicUsize,
    mut worker: Worker,
    results: &mpsc::Sender<Vec<(usize, Done)>>,
) {
    let (mut batch, mut sent) = (Vec::new(), Instant::now());
    while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
        for &index in group {
            batch.push((index, run(world, &plan.steps[index], &mut worker)));
            if sent.elapsed() >= BATCH_TIME {
                // The receiver outlives the workers.
                let _ = results.send(mem::take(&mut batch));
                sent = Instant::now();
            }
        }
    }
    let _ = results.send(batch);
}

/// Mounts that were not where they should be: gone, or out of reach? The table
/// tells, read once for all of them.
fn verify_presumed(
    plan: &CleanupPlan,
    options: &ExecuteOptions,
    outcomes: &mut [Option<Done>],
) -> Result<(), Error> {
    if !outcomes.iter().flatten().any(|done| done.presumed) {
        return Ok(());
    }
    let now = options.read_table()?;
    for (step, done) in plan.steps.iter().zip(outcomes) {
        let Some(done) = done.as_mut().filter(|d| d.presumed) else {
            continue;
        };
        let listed = now
            .by_id(step.mount_id)
            .filter(|row| row.device() == step.device && row.root() == step.root);
        let Some(row) = listed else { continue };
        let point = row.mount_point();
        let text = if point == step.mount_point {
            format!("{} is hidden by another mount", shown(&step.mount_point))
        } else {
            format!(
                "{} was moved to {}",
                shown(&step.mount_point),
                shown(&point)
            )
        };
        done.outcome = Outcome::Failed(Failure::from(&Error::new(ErrorKind::Hidden, text)));
    }
    Ok(())
}

/// Releases the root if the plan says so and nothing below it failed.
fn release_root(
    plan: &CleanupPlan,
    options: &ExecuteOptions,
    outcomes: &[Option<Done>],
) -> RootOutcome {
    let Some(data_root) = options
        .data_root
        .as_ref()
        .filter(|_| plan.root_decision.action == RootAction::Release)
    else {
        return RootOutcome::Untouched(plan.root_decision.clone());
    };
    if outcomes
        .iter()
        .flatten()
        .any(|done| !done.outcome.is_gone())
    {
        return RootOutcome::Held;
    }
    match release_with(data_root, options.propagate) {
        Ok(Released::Unmounted) => RootOutcome::Released { lazily: false },
        Ok(Released::Detached) => RootOutcome::Released { lazily: true },
        Ok(_) => RootOutcome::Untouched(plan.root_decision.clone()),
        Err(error) => RootOutcome::Failed(Failure::from(&error)),
    }
}

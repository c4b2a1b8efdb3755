//! The directories of engines other than the one whose data root is named.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{self, Detach, ExecuteOptions};

use super::args::Args;
use super::choice::{Meant, Place};
use super::places;
use crate::engines::{Leftovers, Target, survey};
use crate::input::look;
use crate::root::Roots;

/// The name of the engine whose data root the arguments are about.
const DOCKER: &str = "docker";

/// What a clean-up is about.
pub(super) struct Scope {
    /// Whether the data root of the arguments is part of it.
    pub(super) has_root: bool,
    has_others: bool,
    root: PathBuf,
    /// The data root and its exec root; `None` if the clean-up is not about them.
    pub(super) roots: Option<Roots>,
}

impl Scope {
    pub(super) fn of(args: &Args) -> anyhow::Result<Self> {
        let is_named = args.root.names_one() || !args.rule.is_empty();
        let is_docker = args.engine.as_deref().is_none_or(|name| name == DOCKER);
        if !is_docker {
            // The configuration is Docker's, and need not be sound for the others.
            return Ok(Self {
                has_root: false,
                has_others: true,
                root: PathBuf::new(),
                roots: None,
            });
        }
        let roots = args.root.roots()?;
        let root = roots.options.root.clone();
        let (missing, real) = look(&root, |root| {
            let seen = fs::symlink_metadata(root);
            let missing = seen.is_err_and(|error| error.kind() == ErrorKind::NotFound);
            (missing, fs::canonicalize(root))
        })?;
        let has_root = is_named || !missing;
        Ok(Self {
            has_root,
            roots: has_root.then_some(roots),
            has_others: !is_named,
            // Engines are found by paths without symbolic links.
            root: real.unwrap_or(root),
        })
    }
}

/// The directories of engines that were found, without the data root of the arguments.
pub(super) struct Others {
    targets: Vec<Target>,
    table: MountTable,
}

impl Others {
    /// Finds the directories below which something is mounted.
    pub(super) fn find(args: &Args, scope: &Scope) -> anyhow::Result<Self> {
        let table = rootmount::live_table()?;
        if !scope.has_others {
            let targets = Vec::new();
            return Ok(Self { targets, table });
        }
        let known = scope.has_root.then_some(scope.root.as_path());
        let only = args.engine.as_deref();
        let mut targets = survey(&table, &args.evidence, &args.engines, only, known)?.targets;
        targets.retain(|target| target.has_mounts(&table));
        Ok(Self { targets, table })
    }

    /// The containers that may be meant, for each directory.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let table = &self.table;
        self.targets.iter().map(|target| {
            let run_root = target.run_root.as_deref();
            places::of(&target.path, run_root, table, &target.liveness)
        })
    }

    /// Everything, for each directory: nothing is spared and no container is chosen.
    pub(super) fn all(&self) -> Vec<Meant> {
        self.targets.iter().map(|_| Meant::default()).collect()
    }

    /// Plans for every directory and, unless it is a dry run, carries the plans out.
    pub(super) fn sweep(self, args: &Args, meant: &[Meant]) -> anyhow::Result<Vec<Leftovers>> {
        let Self { targets, mut table } = self;
        let wanted = targets
            .iter()
            .zip(meant)
            .filter(|(_, meant)| meant.is_here());
        let wanted: Vec<(&Target, &Meant)> = wanted.collect();
        let plan = |table: &MountTable| -> anyhow::Result<Vec<Leftovers>> {
            let plans = wanted.iter().map(|(target, meant)| {
                let mut planned = target.plan_with(table, &meant.keep)?;
                planned.plan = meant.narrow(planned.plan, &args.rule);
                Ok(planned)
            });
            plans.collect()
        };
        let mut found = plan(&table)?;
        if args.dry_run {
            return Ok(found);
        }
        let may_change = |one: &Leftovers| one.running.is_some() && !one.plan.is_empty();
        if !args.no_wait && found.iter().any(may_change) {
            thread::sleep(Duration::from_secs(args.settle));
            rootmount::update_live_table(&mut table)?;
            let second = plan(&table)?;
            for (one, mut second) in found.iter_mut().zip(second) {
                second.plan = second.plan.settled(&one.plan);
                *one = second;
            }
        }
        for ((target, _), one) in wanted.iter().zip(&mut found) {
            let is_refused = args.no_wait && one.running.is_some();
            if !is_refused && !one.plan.is_empty() && one.plan.contradictions().is_empty() {
                target.execute(one, table.clone(), options(args))?;
            }
        }
        Ok(found)
    }
}

fn options(args: &Args) -> ExecuteOptions {
    let mut options = ExecuteOptions::new();
    if args.no_lazy {
        options.detach = Detach::Never;
    }
    options.propagate = !args.no_propagate;
    options
}

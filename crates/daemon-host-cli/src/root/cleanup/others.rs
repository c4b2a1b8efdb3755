//! The directories of engines other than the one whose data root is named.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use daemon_host::rootmount::{self, Detach, ExecuteOptions};

use super::args::Args;
use crate::engines::{Leftovers, Target, survey};

/// The name of the engine whose data root the arguments are about.
const DOCKER: &str = "docker";

/// What a clean-up is about.
pub(super) struct Scope {
    /// Whether the data root of the arguments is part of it.
    pub(super) has_root: bool,
    has_others: bool,
    root: PathBuf,
}

impl Scope {
    pub(super) fn of(args: &Args) -> anyhow::Result<Self> {
        let is_named = args.root.names_one()
            || args.id.is_some()
            || !args.keep.is_empty()
            || !args.rule.is_empty();
        let is_docker = args.engine.as_deref().is_none_or(|name| name == DOCKER);
        if !is_docker {
            // The configuration is Docker's, and need not be sound for the others.
            return Ok(Self {
                has_root: false,
                has_others: true,
                root: PathBuf::new(),
            });
        }
        let root = args.root.options()?.root;
        let missing = fs::symlink_metadata(&root).is_err_and(|e| e.kind() == ErrorKind::NotFound);
        Ok(Self {
            has_root: is_named || !missing,
            has_others: !is_named,
            // Engines are found by paths without symbolic links.
            root: fs::canonicalize(&root).unwrap_or(root),
        })
    }
}

/// Plans for every other directory and, unless it is a dry run, carries the plans out.
pub(super) fn sweep(args: &Args, scope: &Scope) -> anyhow::Result<Vec<Leftovers>> {
    if !scope.has_others {
        return Ok(Vec::new());
    }
    let table = rootmount::live_table()?;
    let known = scope.has_root.then_some(scope.root.as_path());
    let survey = survey(
        &table,
        &args.evidence,
        &args.engines,
        args.engine.as_deref(),
        known,
    )?;
    let targets: Vec<&Target> = survey.with_mounts(&table).collect();
    let plans = targets.iter().map(|target| target.plan(&table));
    let mut found: Vec<Leftovers> = plans.collect::<anyhow::Result<_>>()?;
    if args.dry_run {
        return Ok(found);
    }
    let may_change = |one: &Leftovers| one.running.is_some() && !one.plan.is_empty();
    if !args.no_wait && found.iter().any(may_change) {
        thread::sleep(Duration::from_secs(args.settle));
        let table = rootmount::live_table()?;
        for (target, one) in targets.iter().zip(&mut found) {
            let mut second = target.plan(&table)?;
            second.plan = second.plan.settled(&one.plan);
            *one = second;
        }
    }
    for (target, one) in targets.iter().zip(&mut found) {
        let is_refused = args.no_wait && one.running.is_some();
        if !is_refused && !one.plan.is_empty() && one.plan.contradictions().is_empty() {
            target.execute(one, options(args))?;
        }
    }
    Ok(found)
}

fn options(args: &Args) -> ExecuteOptions {
    let mut options = ExecuteOptions::new();
    if args.no_lazy {
        options.detach = Detach::Never;
    }
    options.propagate = !args.no_propagate;
    options
}

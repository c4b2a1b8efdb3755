//! The steps of a start, in their order.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rootmount::{CleanupReport, Guard, Rules};
use runtimes::{References, Registry, Runtimes, SweepReport, TableOptions};
use tracing::{info, warn};

use super::directories::make_roots;
use super::lock::Locks;
use super::parts::Parts;
use super::setup::Setup;
use crate::config::HostConfig;
use crate::error::{Error, ErrorKind};
use crate::report::{StartReport, Step};
use crate::sweep::{Sweep, is_clean};
use crate::transaction::prepare_all;

/// Starts a host: takes the locks, lets the participants prepare, runs the host's own steps,
/// and commits.
pub(super) fn start(setup: Setup) -> Result<Parts, Error> {
    let rules = Rules::sweep()
        .with_custom(&setup.rules)
        .map_err(|error| Error::caused(ErrorKind::InvalidInput, "start", error))?;
    make_roots(&setup.config)?;
    // Before the sweep: a second daemon on these roots must not unmount what the first one
    // uses.
    let locks = Locks::take(&setup.config.data_root, &setup.config.exec_root)?;
    // Before anything is mounted: a part that refuses its configuration refuses the start.
    let before = Arc::new(HostConfig::default());
    let limit = setup.reload_limit;
    let ready = prepare_all(&setup.participants, &before, &setup.config, limit)?;
    let (registry, mut report) = match run(&setup, &rules) {
        Ok(ran) => ran,
        Err(error) => {
            ready.rollback();
            return Err(error);
        }
    };
    let committed = ready.commit();
    report.participants = committed.all;
    report.failed_commits = committed.panicked;
    log(&report);
    Ok(Parts {
        data_root: setup.data_root(),
        config: setup.config,
        rules,
        liveness: setup.liveness,
        participants: setup.participants,
        reload_limit: setup.reload_limit,
        locks,
        registry,
        report,
    })
}

/// Runs the host's own steps. If one fails, the root is released again if it was prepared here.
fn run(setup: &Setup, rules: &Rules) -> Result<(Registry, StartReport), Error> {
    let begin = Instant::now();
    let data_root = setup.data_root();
    let mut sweep = Sweep::new(&data_root, rules, &setup.liveness, &setup.live);
    sweep.settle = Some(setup.settle);
    let sweep = Step::from(sweep.run());
    let guard = prepare(setup, &sweep);
    let settings = setup
        .config
        .runtime_settings(&setup.paths, |name| std::env::var_os(name));
    let scripts = sweep_scripts(setup, &settings);
    let (registry, loaded) = Registry::open(&setup.config.runtimes, settings)
        .map_err(|error| Error::caused(ErrorKind::Crate, "load runtimes", error))?;
    let root = match guard {
        Step::Done(guard) => Step::Done(guard.keep()),
        Step::Failed(error) => Step::Failed(error),
        Step::Skipped(why) => Step::Skipped(why),
    };
    let report = StartReport {
        sweep,
        root,
        scripts,
        runtimes: loaded,
        participants: Vec::new(),
        failed_commits: Vec::new(),
        took: begin.elapsed(),
    };
    Ok((registry, report))
}

/// Prepares the root, but only after a clean sweep: a mount at the root would hide leftovers
/// for good.
fn prepare(setup: &Setup, sweep: &Step<CleanupReport>) -> Step<Guard> {
    if !sweep.done().is_some_and(is_clean) {
        return Step::Skipped("leftovers remain, which a mount at the root would hide");
    }
    rootmount::prepare_guarded(&setup.data_root())
        .map_err(|error| Error::caused(ErrorKind::Crate, "prepare data root", error))
        .into()
}

fn sweep_scripts(setup: &Setup, settings: &TableOptions) -> Step<Arc<SweepReport>> {
    let dir = &settings.script_dir;
    match dir.try_exists() {
        Ok(true) => {}
        Ok(false) => return Step::Skipped("there is no script directory yet"),
        Err(error) => return Step::Failed(Error::io(format!("stat({dir:?})"), error)),
    }
    let mut references = References::new();
    // The new table too: a script that it will use must survive, though no container uses it
    // yet.
    references.add_table(&Runtimes::build(&setup.config.runtimes, settings));
    for script in &setup.scripts_in_use {
        references.add(script, "a live container");
    }
    let usual = runtimes::bundle_dirs(&setup.config.exec_root);
    for dir in usual.iter().chain(&setup.bundles) {
        references.scan_bundles(dir);
    }
    references.scan_processes(Path::new("/proc"));
    runtimes::sweep(dir, &references)
        .map(Arc::new)
        .map_err(|error| Error::caused(ErrorKind::Crate, "sweep wrapper scripts", error))
        .into()
}

fn log(report: &StartReport) {
    let took = report.took.as_millis();
    if report.is_clean() {
        info!(took_ms = took, "host started");
    } else {
        warn!(took_ms = took, report = %report, "host started, but not everything went well");
    }
}

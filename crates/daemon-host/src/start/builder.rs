//! How a host is set up, and its start.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rootmount::{CleanupReport, DataRootOptions, Guard, Rules};
use runtimes::{References, Registry, Runtimes, Settings, SweepReport};
use tracing::{info, warn};

use super::directories::make_roots;
use super::lock::Locks;
use super::parts::Parts;
use crate::config::HostConfig;
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::outcome::{StartReport, Step};
use crate::settings::HostPaths;
use crate::sweep::sweep;
use crate::transaction::Participant;

/// How long one participant of a reload may take.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);

/// A host that is being set up. Made by [`Host::builder`].
#[must_use = "a builder does nothing until it is started"]
pub struct HostBuilder {
    config: HostConfig,
    live: BTreeSet<OsString>,
    rules: Vec<String>,
    bundles: Vec<PathBuf>,
    scripts_in_use: Vec<PathBuf>,
    participants: Vec<Arc<dyn Participant>>,
    reload_limit: Duration,
    paths: HostPaths,
}

impl HostBuilder {
    pub(crate) fn new(config: HostConfig) -> Self {
        Self {
            config,
            live: BTreeSet::new(),
            rules: Vec::new(),
            bundles: Vec::new(),
            scripts_in_use: Vec::new(),
            participants: Vec::new(),
            reload_limit: RELOAD_LIMIT,
            paths: HostPaths::default(),
        }
    }

    /// Spares the mounts of a container that lives on from before the start.
    pub fn live_container(mut self, id: impl Into<OsString>) -> Self {
        self.live.insert(id.into());
        self
    }

    /// Adds a clean-up rule: a regular expression over the path below the data root,
    /// which must match the whole of it.
    pub fn rule(mut self, pattern: impl Into<String>) -> Self {
        self.rules.push(pattern.into());
        self
    }

    /// Scans bundles of containerd's runc shim below `dir` for scripts in use, besides
    /// containerd's usual places.
    pub fn bundles(mut self, dir: impl Into<PathBuf>) -> Self {
        self.bundles.push(dir.into());
        self
    }

    /// Keeps a wrapper script that a live container was started with.
    pub fn script_in_use(mut self, script: impl Into<PathBuf>) -> Self {
        self.scripts_in_use.push(script.into());
        self
    }

    /// Adds a part of the daemon that takes part in reloads, after those before it.
    pub fn participant(mut self, participant: Arc<dyn Participant>) -> Self {
        self.participants.push(participant);
        self
    }

    /// How long one participant of a reload may take; default ten seconds.
    pub fn reload_limit(mut self, limit: Duration) -> Self {
        self.reload_limit = limit;
        self
    }

    /// Where the host shows what it runs on, for tests and containers.
    pub fn host_paths(mut self, paths: HostPaths) -> Self {
        self.paths = paths;
        self
    }

    /// Starts: sweeps leftover mounts, prepares the data root, sweeps wrapper scripts,
    /// loads the runtimes.
    ///
    /// A sweep or a preparation that fails is in the report and does not keep the
    /// daemon from starting, as in moby. After a sweep that left something the root is
    /// not prepared: that would hide it. Missing roots are made with mode 0700.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyRunning`] when another daemon holds the data root or the
    /// exec root; [`ErrorKind::InvalidInput`] when a rule does not compile, when both roots
    /// are one directory, or when another user may write to the exec root;
    /// [`ErrorKind::Crate`] when the runtimes cannot be loaded. Nothing is mounted
    /// then that was not before.
    ///
    /// # Privileges
    ///
    /// `CAP_SYS_ADMIN` for mounts; without it those steps fail and the rest works.
    pub fn start(self) -> Result<Host, Error> {
        let begin = Instant::now();
        let rules = Rules::sweep()
            .with_custom(&self.rules)
            .map_err(|error| Error::caused(ErrorKind::InvalidInput, "start", error))?;
        make_roots(&self.config)?;
        let locks = Locks::take(&self.config.data_root, &self.config.exec_root)?;
        let sweep = Step::from(sweep(&self.data_root(), &rules, self.live.iter(), None));
        let guard = self.prepare(&sweep);
        let settings = self
            .config
            .runtime_settings(&self.paths, |name| std::env::var_os(name));
        let scripts = self.sweep_scripts(&settings);
        // When this fails, the guard releases the root again.
        let (registry, loaded) = Registry::open(&self.config.runtimes, settings)
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
            took: begin.elapsed(),
        };
        log(&report);
        let data_root = self.data_root();
        Ok(Host::new(Parts {
            config: self.config,
            data_root,
            rules,
            participants: self.participants,
            reload_limit: self.reload_limit,
            locks,
            registry,
            report,
        }))
    }

    /// Only after a clean sweep: a mount at the root would hide what is left for good.
    fn prepare(&self, sweep: &Step<CleanupReport>) -> Step<Guard> {
        if !sweep.done().is_some_and(CleanupReport::is_clean) {
            return Step::Skipped("leftovers remain, which a mount at the root would hide");
        }
        rootmount::prepare_guarded(&self.data_root())
            .map_err(|error| Error::caused(ErrorKind::Crate, "prepare data root", error))
            .into()
    }

    fn data_root(&self) -> DataRootOptions {
        DataRootOptions::new(&self.config.data_root, &self.config.exec_root)
    }

    fn sweep_scripts(&self, settings: &Settings) -> Step<SweepReport> {
        let dir = &settings.script_dir;
        match dir.try_exists() {
            Ok(true) => {}
            Ok(false) => return Step::Skipped("there is no script directory yet"),
            Err(error) => return Step::Failed(Error::io(format!("stat({dir:?})"), error)),
        }
        let mut references = References::new();
        references.add_table(&Runtimes::build(&self.config.runtimes, settings));
        for script in &self.scripts_in_use {
            references.add(script, "a live container");
        }
        let usual = runtimes::bundle_dirs(&self.config.exec_root);
        for dir in usual.iter().chain(&self.bundles) {
            references.scan_bundles(dir);
        }
        references.scan_processes(Path::new("/proc"));
        runtimes::sweep(dir, &references)
            .map_err(|error| Error::caused(ErrorKind::Crate, "sweep wrapper scripts", error))
            .into()
    }
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn log(report: &StartReport) {
    let took = report.took.as_millis();
    if report.is_clean() {
        info!(took_ms = took, "host started");
    } else {
        warn!(took_ms = took, report = %report, "host started, but not everything went well");
    }
}

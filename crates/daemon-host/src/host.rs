//! A started host: snapshot, reload, shutdown.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use rootmount::{Claim, DataRootOptions, Evidence, Rules, Status};
use runtimes::Registry;
use tracing::{info, warn};

use crate::config::HostConfig;
use crate::error::{Error, ErrorKind};
use crate::liveness::{LivenessOptions, evidence};
use crate::report::{Health, ReloadReport, SHUT_DOWN, ShutdownReport, StartReport, Step};
use crate::snapshot::Snapshot;

use crate::start::{HostBuilder, Locks, Parts};
use crate::sweep::Sweep;
use crate::transaction::{Participant, prepare_all};

/// The host-side duties of one daemon, from start to shutdown.
///
/// All methods take `&self` and may be called from many threads. Readers take
/// [`snapshot`](Self::snapshot) and never wait. Dropping a host without
/// [`shutdown`](Self::shutdown) is like a crash: mounts stay, and the next start repairs that.
#[derive(Debug)]
pub struct Host {
    inner: Arc<Inner>,
    report: StartReport,
}

struct Inner {
    snapshot: ArcSwap<Snapshot>,
    rules: Rules,
    liveness: LivenessOptions,
    data_root: DataRootOptions,
    participants: Vec<Arc<dyn Participant>>,
    reload_limit: Duration,
    /// `None` once the host is shut down. Whoever changes the snapshot holds the lock.
    active: Mutex<Option<Active>>,
}

/// What a host keeps open below its roots while it runs.
struct Active {
    registry: Arc<Registry>,
    locks: Locks,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("snapshot", &self.snapshot.load())
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Sets up a host for this configuration.
    pub fn builder(config: HostConfig) -> HostBuilder {
        HostBuilder::new(config)
    }

    pub(crate) fn new(parts: Parts) -> Self {
        let snapshot = Snapshot {
            config: parts.config,
            runtimes: parts.registry.load(),
            generation: 0,
        };
        let inner = Arc::new(Inner {
            snapshot: ArcSwap::from_pointee(snapshot),
            rules: parts.rules,
            liveness: parts.liveness,
            data_root: parts.data_root,
            participants: parts.participants,
            reload_limit: parts.reload_limit,
            active: Mutex::new(Some(Active {
                registry: Arc::new(parts.registry),
                locks: parts.locks,
            })),
        });
        probe_aside(&inner);
        Self {
            inner,
            report: parts.report,
        }
    }

    /// What the start did, step by step.
    pub fn start_report(&self) -> &StartReport {
        &self.report
    }

    /// The configuration that is in force now. The value stays valid, also after reloads.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshot.load_full()
    }

    /// Looks how the host is now: the mount at the data root, the default runtime, the host's
    /// resolv.conf.
    ///
    /// It is cheap, and changes nothing. It reads the mount table and looks at some files, and
    /// it does not look at processes. It blocks while the file system of the data root does not
    /// answer.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn f(host: &daemon_host::Host) {
    /// let health = host.health();
    /// if !health.is_fine() {
    ///     eprintln!("{health}");
    /// }
    /// # }
    /// ```
    pub fn health(&self) -> Health {
        let root = match self.inner.is_active() {
            true => self.inner.status().into(),
            false => Step::Skipped(SHUT_DOWN),
        };
        Health::new(&self.snapshot(), root, &self.report.root)
    }

    /// Gathers the evidence of which containers live now, from the same sources as a sweep: the
    /// states of runtimes, the bundles of shims, the witnesses, all processes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Crate`] when the data root or the mount table cannot be read. What else could
    /// not be read is part of the evidence.
    pub fn live(&self) -> Result<Evidence, Error> {
        let root = rootmount::resolve_root(&self.inner.data_root.root);
        let root = root.map_err(|error| Error::caused(ErrorKind::Crate, "live", error))?;
        let table = rootmount::live_table()
            .map_err(|error| Error::caused(ErrorKind::Crate, "live", error))?;
        Ok(evidence(&root, &table, &self.inner.liveness))
    }

    /// Puts a new configuration into force, or changes nothing.
    ///
    /// First every [`Participant`] prepares, then the runtimes. Then one pointer is swapped,
    /// and all commit in order. `data-root` and `exec-root` need a restart: the old values
    /// stay, and the report names these keys. New runtimes are asked for their features on
    /// another thread. A further snapshot has the answers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReloadRefused`] and [`ErrorKind::TimedOut`] from participants,
    /// [`ErrorKind::Crate`] from the runtimes, [`ErrorKind::ShutDown`] after a
    /// shutdown. What was prepared has been rolled back, in reverse order.
    pub fn reload(&self, config: HostConfig) -> Result<ReloadReport, Error> {
        let report = self.inner.reload(config)?;
        probe_aside(&self.inner);
        Ok(report)
    }

    /// Sweeps what is left, releases the data root if it is ours, and lets go of it.
    ///
    /// `live` is the caller's complete list of living containers. Their mounts stay, and then
    /// the root stays too. A container that lives by the evidence is also spared. A running
    /// reload is waited for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ShutDown`] when it was shut down before. Failures of single mounts are in
    /// the report.
    pub fn shutdown<I>(&self, live: I) -> Result<ShutdownReport, Error>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let live: BTreeSet<OsString> = live.into_iter().map(Into::into).collect();
        self.inner.shutdown(&live, Claim::All(live.clone()))
    }

    /// [`shutdown`](Self::shutdown) for a host that does not know its containers. They are
    /// judged by evidence alone, as at the start. A mount whose state is not known is kept, and
    /// the report says so.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_by_evidence(&self) -> Result<ShutdownReport, Error> {
        let claim = self.inner.liveness.claim.clone();
        self.inner.shutdown(&BTreeSet::new(), claim)
    }
}

impl Drop for Host {
    /// Gives up the locks at once, even while a probe still runs: the next start must find them
    /// free.
    fn drop(&mut self) {
        self.inner.abandon();
    }
}

impl Inner {
    fn reload(&self, config: HostConfig) -> Result<ReloadReport, Error> {
        // Held to the end: two reloads at once would each build on the same old snapshot, and
        // one would be lost.
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = &active.as_ref().ok_or_else(shut_down)?.registry;
        let old = self.snapshot.load_full();
        let (config, needs_restart) = with_fixed_roots(config, &old.config);
        let config = Arc::new(config);
        let ready = prepare_all(&self.participants, &old.config, &config, self.reload_limit)?;
        // After the participants: what they refuse needs no scripts.
        let prepared = match registry.prepare(&config.runtimes) {
            Ok(prepared) => prepared,
            Err(error) => {
                ready.rollback();
                return Err(Error::caused(ErrorKind::Crate, "reload runtimes", error));
            }
        };
        let runtimes = prepared.commit();
        let generation = old.generation + 1;
        let next = Snapshot {
            config,
            runtimes: registry.load(),
            generation,
        };
        self.snapshot.store(Arc::new(next));
        // After the swap: a participant that takes a snapshot in its commit sees the new
        // configuration.
        let committed = ready.commit();
        let report = ReloadReport {
            runtimes,
            participants: committed.all,
            failed_commits: committed.panicked,
            needs_restart,
            generation,
        };
        info!(generation, report = %report, "configuration reloaded");
        Ok(report)
    }

    fn shutdown(&self, live: &BTreeSet<OsString>, claim: Claim) -> Result<ShutdownReport, Error> {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        let Active {
            registry,
            mut locks,
        } = active.take().ok_or_else(shut_down)?;
        // What is open below the root would keep it busy.
        registry.close();
        locks.leave_data_root();
        let sweep = self.status().and_then(|status| {
            let mut sweep = Sweep::new(&self.data_root, &self.rules, &self.liveness, live);
            sweep.ownership = Some(status.ownership);
            sweep.claim(claim).run()
        });
        let report = ShutdownReport {
            sweep: Step::from(sweep),
        };
        if report.is_clean() {
            info!("host shut down");
        } else {
            warn!(report = %report, "host shut down, but something is left");
        }
        Ok(report)
    }

    fn status(&self) -> Result<Status, Error> {
        rootmount::status(&self.data_root)
            .map_err(|error| Error::caused(ErrorKind::Crate, "look at the data root", error))
    }

    /// Whether the host is not shut down. A reload or a shutdown that runs is waited for.
    fn is_active(&self) -> bool {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.is_some()
    }

    /// Puts the answers of a probe into the snapshot, unless the host has ended.
    fn take_features(&self) {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(active) = active.as_ref() else {
            return;
        };
        let old = self.snapshot.load_full();
        let next = Snapshot {
            runtimes: active.registry.load(),
            ..Snapshot::clone(&old)
        };
        self.snapshot.store(Arc::new(next));
    }

    /// Closes everything that is open, as the end of the process would.
    fn abandon(&self) {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Active { registry, locks }) = active.take() {
            registry.close();
            drop(locks);
        }
    }

    fn registry(&self) -> Option<Arc<Registry>> {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.as_ref().map(|active| Arc::clone(&active.registry))
    }
}

fn shut_down() -> Error {
    Error::new(ErrorKind::ShutDown, SHUT_DOWN)
}

/// Asks the runtimes for their features on a separate thread. So a slow runtime delays neither
/// the start nor a reload.
fn probe_aside(inner: &Arc<Inner>) {
    let weak: Weak<Inner> = Arc::downgrade(inner);
    let Some(registry) = inner.registry() else {
        return;
    };
    let probe = move || {
        // A probe may take seconds; it must not keep a host alive that was dropped.
        if registry.probe() {
            if let Some(inner) = weak.upgrade() {
                inner.take_features();
            }
        }
    };
    if let Err(error) = thread::Builder::new()
        .name("runtime-features".into())
        .spawn(probe)
    {
        warn!(%error, "runtimes are not asked for their features");
    }
}

/// The new configuration with the roots of the old one, and which of them differ.
fn with_fixed_roots(mut new: HostConfig, old: &HostConfig) -> (HostConfig, Vec<&'static str>) {
    let mut differ = Vec::new();
    if new.data_root != old.data_root {
        differ.push("data-root");
        new.data_root.clone_from(&old.data_root);
    }
    if new.exec_root != old.exec_root {
        differ.push("exec-root");
        new.exec_root.clone_from(&old.exec_root);
    }
    (new, differ)
}

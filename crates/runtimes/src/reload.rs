//! The table that a daemon reads, and how a new one takes its place.
//!
//! Readers take the pointer to the current table and never wait. A writer makes the next
//! table aside, with everything that can fail, and then swaps the pointer.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::log::{debug, info, warning};
use arc_swap::{ArcSwap, Cache};

use crate::config::Checked;
use crate::error::Error;
use crate::features::probe;
use crate::scripts::{Published, Store};
use crate::table::{ReloadReport, Runtime, Runtimes, Settings, compare, is_same_program};

/// Keeps the current table of a daemon, for the life of the daemon.
///
/// [`load`](Self::load) and [`Reader`] give out tables; [`reload`](Self::reload) puts the
/// next one in place. Every script that any table ever named stays executable for as
/// long as the registry lives, and longer if something refers to it.
pub struct Registry {
    current: Arc<ArcSwap<Runtimes>>,
    settings: Arc<Settings>,
    writer: Mutex<Writer>,
    /// Apart from the writer, so that a slow runtime holds up no reload.
    probes: Mutex<probe::Cache>,
}

/// What only the one who changes the table may touch.
#[derive(Debug, Default)]
struct Writer {
    /// Opened with the first wrapper: a host without any has no script directory.
    store: Option<Store>,
    /// Scripts that a current or former table names: they are never taken back.
    named: BTreeSet<String>,
}

impl Registry {
    /// Publishes the scripts of a configuration and makes the first table.
    ///
    /// Run [`sweep`](crate::sweep()) before it. No runtime is asked for its features yet.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub fn open(config: &Checked, settings: Settings) -> Result<(Self, ReloadReport), Error> {
        let settings = Arc::new(settings);
        let stock = Runtimes::rebuild(Checked::default(), Arc::clone(&settings), &[]);
        let registry = Self {
            current: Arc::new(ArcSwap::from_pointee(stock)),
            settings,
            writer: Mutex::default(),
            probes: Mutex::default(),
        };
        let report = registry.prepare(config)?.commit();
        Ok((registry, report))
    }

    /// The current table. It stays valid, and its scripts runnable, however often the
    /// registry is reloaded.
    pub fn load(&self) -> Arc<Runtimes> {
        self.current.load_full()
    }

    /// A handle for a thread that looks things up often; cheaper than [`load`](Self::load).
    pub fn reader(&self) -> Reader {
        Reader {
            cache: Cache::new(Arc::clone(&self.current)),
        }
    }

    /// Does everything of a reload that can fail, on a copy; see [`Prepared`].
    ///
    /// Waits while another `Prepared` exists. Asking for a second one in the thread that
    /// has the first waits for ever.
    ///
    /// # Errors
    ///
    /// Whatever [`Store::open`] and [`Store::publish`] say. The current table stays, and no
    /// script of the new one is left behind.
    pub fn prepare(&self, config: &Checked) -> Result<Prepared<'_>, Error> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        // Tables of one configuration share it.
        let config = match current.config == *config {
            true => current.config.clone(),
            false => config.clone(),
        };
        let settings = Arc::clone(&self.settings);
        let next = Runtimes::rebuild(config, settings, &current.rows);
        let scripts = writer.publish(&next)?;
        let next = Some(Arc::new(next));
        Ok(Prepared {
            registry: self,
            writer,
            next,
            scripts,
        })
    }

    /// Puts a new configuration into effect.
    ///
    /// Does not ask runtimes for their features: those of unchanged entries are carried
    /// over, others are [`NotProbed`](crate::FeaturesState::NotProbed) until
    /// [`probe`](Self::probe) is called.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare); nothing has changed then.
    pub fn reload(&self, config: &Checked) -> Result<ReloadReport, Error> {
        self.prepare(config).map(Prepared::commit)
    }

    /// Lets go of the script directory, so that its file system can be unmounted.
    ///
    /// Tables that were given out stay as they are. A later reload opens it again.
    pub fn close(&self) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.store = None;
    }

    /// Asks the runtimes for their features, and swaps in a table that has the answers.
    ///
    /// Blocks the caller up to the limits in [`Settings::probe`], and no one else:
    /// readers and reloads go on meanwhile. An answer is kept as long as the program's
    /// file is the same; so is the absence of one. Returns whether the table changed.
    pub fn probe(&self) -> bool {
        let mut cache = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.load();
        let limits = &self.settings.probe;
        let states = cache.states(&asked.rows, &self.settings.search_path, limits);
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.load();
        let mut changed = false;
        let mut rows = current.rows.clone();
        for (row, state) in asked.rows.iter().zip(states) {
            let place = rows.binary_search_by(|other| other.name.cmp(&row.name));
            // A reload may have come between: an answer is for what was asked.
            let place = place
                .ok()
                .filter(|place| is_same_program(&rows[*place], row));
            if let Some(place) = place.filter(|place| rows[*place].features != state) {
                rows[place] = Arc::new(Runtime {
                    features: state,
                    ..Runtime::clone(row)
                });
                changed = true;
            }
        }
        if changed {
            self.current.store(Arc::new(current.with_rows(rows)));
        }
        debug!(
            runtimes = asked.rows.len(),
            changed, "probed runtime features"
        );
        changed
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registry")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A thread's own view of a [`Registry`].
///
/// Keeps the table it last gave out, so that a look costs one comparison as long as there
/// is no newer one. A reader that is never asked again keeps its last table in memory.
pub struct Reader {
    cache: Cache<Arc<ArcSwap<Runtimes>>, Arc<Runtimes>>,
}

impl Reader {
    /// The current table.
    #[inline]
    pub fn load(&mut self) -> &Arc<Runtimes> {
        self.cache.load()
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// A reload that has succeeded but is not in effect yet.
///
/// Its scripts are on disk. [`commit`](Self::commit) cannot fail; dropping it instead
/// takes the new scripts back. Other reloads wait until then.
#[must_use = "dropped, it undoes what it prepared"]
pub struct Prepared<'a> {
    registry: &'a Registry,
    writer: MutexGuard<'a, Writer>,
    /// Taken by the commit.
    next: Option<Arc<Runtimes>>,
    scripts: Published,
}

impl Prepared<'_> {
    /// The table that will be in effect.
    pub fn table(&self) -> &Runtimes {
        self.next
            .as_ref()
            .expect("taken only by the commit, which ends this value")
    }

    /// Puts the table into effect, by one swap of a pointer.
    pub fn commit(mut self) -> ReloadReport {
        let next = self.next.take().expect("taken only here");
        let old = self.registry.load();
        let mut report = compare(&old, &next);
        report.scripts = std::mem::take(&mut self.scripts);
        self.writer
            .named
            .extend(next.scripts().map(|script| script.file_name().to_owned()));
        self.registry.current.store(Arc::clone(&next));
        // After the swap: it looks at files, and no reader should wait for that.
        report.cannot_start = cannot_start(&next, &report);
        if !report.is_unchanged() {
            info!(
                added = report.added.len(),
                removed = report.removed.len(),
                changed = report.changed.len(),
                "reloaded runtimes"
            );
        }
        report
    }
}

/// What is wrong with those that a reload brings.
fn cannot_start(next: &Runtimes, report: &ReloadReport) -> Vec<String> {
    // The built-in default was not chosen by anybody.
    let default = next.config().default_runtime.as_ref();
    let default = default.filter(|_| report.default_changed.is_some());
    let brought = report.added.iter().chain(&report.changed).chain(default);
    let names: BTreeSet<&String> = brought.collect();
    let faults = names
        .into_iter()
        .filter_map(|name| next.preflight(name).err());
    let faults: Vec<String> = faults.map(|fault| fault.to_string()).collect();
    for fault in &faults {
        warning!(%fault, "a runtime of the new configuration cannot start");
    }
    faults
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        if self.next.is_some() {
            let created = std::mem::take(&mut self.scripts.created);
            self.writer.retract(created);
        }
    }
}

impl fmt::Debug for Prepared<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prepared")
            .field("scripts", &self.scripts)
            .finish_non_exhaustive()
    }
}

impl Writer {
    fn publish(&mut self, table: &Runtimes) -> Result<Published, Error> {
        if table.scripts().next().is_none() {
            return Ok(Published::default());
        }
        // Someone may have removed the directory, and ours with it.
        let store = match self.store.take().filter(Store::is_current) {
            Some(store) => store,
            None => Store::open(&table.settings.script_dir)?,
        };
        self.store.insert(store).publish(table.scripts())
    }

    fn retract(&self, mut names: Vec<String>) {
        names.retain(|name| !self.named.contains(name));
        if let Some(store) = &self.store {
            store.retract(&names);
        }
    }
}

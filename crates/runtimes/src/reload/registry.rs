//! The registry: the current table, and what may replace it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::prepared::PreparedReload;
use super::reader::TableReader;
use super::writer::Writer;
use crate::config::Checked;
use crate::error::Error;
use crate::features::probe;
use crate::log::debug;
use crate::table::{Runtime, Runtimes, TableChanges, TableOptions, is_same_program};

/// Keeps the current table of a daemon, for the life of the daemon.
///
/// [`load`](Self::load) and [`TableReader`] give out tables; [`reload`](Self::reload) puts the
/// next one in place. Every script that any table ever named stays executable for as
/// long as the registry lives, and longer if something refers to it.
pub struct Registry {
    current: Arc<ArcSwap<Runtimes>>,
    options: Arc<TableOptions>,
    writer: Mutex<Writer>,
    /// This has a lock of its own, so that a slow runtime holds up no reload.
    probes: Mutex<probe::Cache>,
}

impl Registry {
    /// Publishes the scripts of a configuration and makes the first table.
    ///
    /// Run [`sweep`](crate::sweep()) before it. No runtime is asked for its features yet.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub fn open(config: &Checked, options: TableOptions) -> Result<(Self, TableChanges), Error> {
        let options = Arc::new(options);
        let stock = Runtimes::rebuild(Checked::default(), Arc::clone(&options), &[]);
        let registry = Self {
            current: Arc::new(ArcSwap::from_pointee(stock)),
            options,
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

    /// Returns a handle for a thread that looks up often. It is cheaper than [`load`](Self::load).
    pub fn reader(&self) -> TableReader {
        TableReader::new(Arc::clone(&self.current))
    }

    /// Does the part of a reload that can fail. The current table stays in effect; see
    /// [`PreparedReload`].
    ///
    /// It waits while another `PreparedReload` exists. A thread that holds one and asks for another
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// The errors of [`ScriptStore::open`](crate::ScriptStore::open) and
    /// [`ScriptStore::publish`](crate::ScriptStore::publish). The current table stays, and the new
    /// scripts are removed again.
    pub fn prepare(&self, config: &Checked) -> Result<PreparedReload<'_>, Error> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        // Tables of the same configuration share one value.
        let config = match current.config == *config {
            true => current.config.clone(),
            false => config.clone(),
        };
        let options = Arc::clone(&self.options);
        let next = Runtimes::rebuild(config, options, &current.rows);
        let scripts = writer.publish(&next)?;
        Ok(PreparedReload::new(&self.current, writer, next, scripts))
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
    pub fn reload(&self, config: &Checked) -> Result<TableChanges, Error> {
        self.prepare(config).map(PreparedReload::commit)
    }

    /// Closes the script directory, so that its file system can be unmounted.
    ///
    /// Tables that were given out stay as they are. A later reload opens it again.
    pub fn close(&self) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.close();
    }

    /// Asks the runtimes for their features, and swaps in a table that has the answers.
    ///
    /// It blocks the caller, at most up to the limits in [`TableOptions::probe`]. Readers and
    /// reloads go on meanwhile. An answer is kept while the program's file stays the same; "no
    /// answer" is kept, too. Returns whether the table changed.
    pub fn probe(&self) -> bool {
        let mut cache = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.load();
        let limits = &self.options.probe;
        let states = cache.states(&asked.rows, &self.options.search_path, limits);
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.load();
        let mut changed = false;
        let mut rows = current.rows.clone();
        for (row, state) in asked.rows.iter().zip(states) {
            let place = rows.binary_search_by(|other| other.name.cmp(&row.name));
            // A reload may have come between. An answer counts only for the entry that was asked
            // about.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

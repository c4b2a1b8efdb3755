//! The scripts of every table so far, and their directory.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::scripts::{PublishedScripts, Script, ScriptStore};
use crate::table::Runtimes;

/// What only the thread that changes the table may touch.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// It is opened for the first wrapper. A host without wrappers has no script directory.
    store: Option<ScriptStore>,
    /// The scripts that the current table or a former one names. They are never taken back.
    named: BTreeSet<String>,
}

impl Writer {
    /// Puts the scripts of a table on disk.
    pub(super) fn publish(&mut self, table: &Runtimes) -> Result<PublishedScripts, Error> {
        if table.scripts().next().is_none() {
            return Ok(PublishedScripts::default());
        }
        // Another process may have removed the directory since. Then it is made again.
        let store = match self.store.take().filter(ScriptStore::is_current) {
            Some(store) => store,
            None => ScriptStore::open(&table.options.script_dir)?,
        };
        self.store.insert(store).publish(table.scripts())
    }

    /// Closes the directory. The next script opens it again.
    pub(super) fn close(&mut self) {
        self.store = None;
    }

    /// Remembers the scripts of a table that is now in effect.
    pub(super) fn keep(&mut self, table: &Runtimes) {
        for name in table.scripts().map(Script::file_name) {
            if !self.named.contains(name) {
                self.named.insert(name.to_owned());
            }
        }
    }

    /// Takes scripts back, except those that some table ever named.
    pub(super) fn retract(&self, mut names: Vec<String>) {
        names.retain(|name| !self.named.contains(name));
        if let Some(store) = &self.store {
            store.retract(&names);
        }
    }
}

//! A reload that can still be dropped.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, MutexGuard};

use arc_swap::ArcSwap;

use super::writer::Writer;
use crate::log::{info, warning};
use crate::scripts::PublishedScripts;
use crate::table::{Runtimes, TableChanges, compare};

/// A reload that has succeeded but is not in effect yet.
///
/// Its scripts are on disk. [`commit`](Self::commit) cannot fail; dropping it instead
/// takes the new scripts back. Other reloads wait until then.
#[must_use = "dropped, it undoes what it prepared"]
pub struct PreparedReload<'a> {
    current: &'a ArcSwap<Runtimes>,
    writer: MutexGuard<'a, Writer>,
    /// `None` after the commit.
    next: Option<Arc<Runtimes>>,
    scripts: PublishedScripts,
}

impl<'a> PreparedReload<'a> {
    pub(super) fn new(
        current: &'a ArcSwap<Runtimes>,
        writer: MutexGuard<'a, Writer>,
        next: Runtimes,
        scripts: PublishedScripts,
    ) -> Self {
        Self {
            current,
            writer,
            next: Some(Arc::new(next)),
            scripts,
        }
    }

    /// The table that will be in effect.
    pub fn table(&self) -> &Runtimes {
        self.next
            .as_ref()
            .expect("taken only by the commit, which ends this value")
    }

    /// Puts the table into effect, by one swap of a pointer.
    pub fn commit(mut self) -> TableChanges {
        let next = self.next.take().expect("taken only here");
        let old = self.current.load_full();
        let mut report = compare(&old, &next);
        report.scripts = std::mem::take(&mut self.scripts);
        self.writer.keep(&next);
        self.current.store(Arc::clone(&next));
        // This comes after the swap, because it looks at files. No reader should wait for that.
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

impl Drop for PreparedReload<'_> {
    fn drop(&mut self) {
        if self.next.is_some() {
            let created = std::mem::take(&mut self.scripts.created);
            self.writer.retract(created);
        }
    }
}

impl fmt::Debug for PreparedReload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedReload")
            .field("scripts", &self.scripts)
            .finish_non_exhaustive()
    }
}

/// Says which of the new runtimes, and whether the default, cannot start.
fn cannot_start(next: &Runtimes, report: &TableChanges) -> Vec<String> {
    let brought = report.added.iter().chain(&report.changed);
    // Without its default a host starts no container. So it is looked at also where nothing is new.
    let default = [next.default_name()];
    let names: BTreeSet<&str> = brought.map(String::as_str).chain(default).collect();
    let faults = next.cannot_start_among(|name| names.contains(name));
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for fault in &faults {
        warning!(%fault, "a runtime of the configuration cannot start");
    }
    faults
}

//! Compares two tables.

use std::fmt;

use super::runtime_table::{Runtime, RuntimeKind, Runtimes};
use crate::config::{is_same_options, is_same_text};
use crate::scripts::PublishedScripts;

/// What a reload changed, by runtime name, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableChanges {
    /// Runtimes that are new.
    pub added: Vec<String>,
    /// Runtimes that are gone. Containers made with them are not touched.
    pub removed: Vec<String>,
    /// Runtimes that mean something else now.
    pub changed: Vec<String>,
    /// The default's name before and after, if it is another now.
    pub default_changed: Option<(String, String)>,
    /// What is wrong with runtimes that cannot start, in words with the runtime's name. The new and
    /// changed runtimes are looked at, and always the default. The reload is in effect all the
    /// same, since a package may be installed later.
    pub cannot_start: Vec<String>,
    /// What was done in the script directory.
    pub scripts: PublishedScripts,
}

impl TableChanges {
    /// Whether the new table says the same as the old one.
    pub fn is_unchanged(&self) -> bool {
        let lists = [&self.added, &self.removed, &self.changed];
        lists.iter().all(|list| list.is_empty()) && self.default_changed.is_none()
    }
}

impl fmt::Display for TableChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("changed", &self.changed),
        ];
        let mut parts: Vec<String> = lists
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what} {names:?}"))
            .collect();
        if let Some((old, new)) = &self.default_changed {
            parts.push(format!("default {new:?} (was {old:?})"));
        }
        for fault in &self.cannot_start {
            parts.push(format!("cannot start: {fault}"));
        }
        match self.is_unchanged() {
            true if parts.is_empty() => f.write_str("runtimes unchanged"),
            true => write!(f, "runtimes unchanged, {}", parts.join(", ")),
            false => write!(f, "runtimes: {}", parts.join(", ")),
        }
    }
}

/// The differences between two tables. Facts about features are left out.
pub(crate) fn compare(old: &Runtimes, new: &Runtimes) -> TableChanges {
    let mut report = TableChanges::default();
    for row in new.iter() {
        match old.row(&row.name) {
            None => report.added.push(row.name.clone()),
            Some(before) if !is_equal(before, row) => report.changed.push(row.name.clone()),
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|row| new.row(&row.name).is_none());
    report.removed.extend(gone.map(|row| row.name.clone()));
    let defaults = (old.default_name(), new.default_name());
    if defaults.0 != defaults.1 {
        report.default_changed = Some((defaults.0.to_owned(), defaults.1.to_owned()));
    }
    report
}

fn is_equal(a: &Runtime, b: &Runtime) -> bool {
    debug_assert_eq!(a.kind == RuntimeKind::Shim, a.binary.is_none());
    is_same_program(a, b) && is_same_options(a.options.as_ref(), b.options.as_ref())
}

/// Whether both rows call the same program in the same way.
pub(crate) fn is_same_program(a: &Runtime, b: &Runtime) -> bool {
    // The options of a shim may name the program behind it.
    let is_same_behind =
        a.kind != RuntimeKind::Shim || is_same_options(a.options.as_ref(), b.options.as_ref());
    is_same_text(a.binary.as_deref(), b.binary.as_deref())
        && a.args == b.args
        && a.kind == b.kind
        && a.shim == b.shim
        && is_same_behind
}

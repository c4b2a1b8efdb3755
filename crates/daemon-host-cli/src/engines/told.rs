//! Mounts of an engine that a clean-up names and never touches: somebody asked for them, or they
//! may hold data.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use daemon_host::engines::{Fate, Rule};
use daemon_host::mountscan::MountTable;
use serde::Serialize;

use crate::output::Bytes;

/// A mount that stays, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    mount_point: PathBuf,
    what: String,
}

/// The mounts below a directory that its rules only tell of.
pub(super) fn told(rules: &[Rule], root: &Path, table: &MountTable) -> Vec<Told> {
    let of_row = |point: &Path| {
        let below = point.strip_prefix(root).ok()?.as_os_str().as_bytes();
        // The first rule that fits counts, as everywhere.
        let rule = rules.iter().find(|rule| rule.shape.matches(below))?;
        (rule.fate == Fate::Tell).then(|| Told {
            mount_point: point.to_owned(),
            what: rule.what.clone(),
        })
    };
    table
        .under(root)
        .filter_map(|row| of_row(&row.mount_point()))
        .collect()
}

/// As a line for people, by what they are; nothing if there are none. The plan has their paths.
pub(super) fn text(told: &[Told]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in told {
        *counts.entry(&one.what).or_default() += 1;
    }
    if counts.is_empty() {
        return String::new();
    }
    let kinds: Vec<String> = counts
        .iter()
        .map(|(what, n)| format!("{what} ({n})"))
        .collect();
    format!("never for a clean-up: {}\n", kinds.join(", "))
}

/// One of them, as JSON.
#[derive(Serialize)]
pub(super) struct ToldJson<'t> {
    #[serde(flatten)]
    mount_point: Bytes<'t>,
    what: &'t str,
}

impl<'t> ToldJson<'t> {
    pub(super) fn all(told: &'t [Told]) -> Vec<Self> {
        let json = |one: &'t Told| Self {
            mount_point: Bytes::path("mount_point", &one.mount_point),
            what: &one.what,
        };
        told.iter().map(json).collect()
    }
}

//! Table, rules and live ids in; a plan out. Pure.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use mountscan::{MountId, MountTable, Row};

use crate::data_root::ownership::Ownership;
use crate::error::Error;
use crate::mount::MountRef;
use crate::path::normal_root;
use crate::plan::cleanup_plan::{
    CleanupPlan, KeepReason, Kept, PlanOptions, RootAction, RootDecision, Step,
};
use crate::plan::layers::SHORT_ID;
use crate::plan::rules::{Rules, check_id};

/// Decides what is to be unmounted below a data root.
///
/// Steps come in the order in which they must run: a mount after everything
/// mounted on it, stacks from the top, and among mounts that do not depend on
/// each other the later one first. A mount below a chosen one is chosen too. A
/// mount that is kept keeps all mounts that it lies on.
///
/// # Errors
///
/// [`ErrorKind::BadRoot`](crate::ErrorKind::BadRoot) if the root is relative, is `/` or has `..` in it;
/// [`ErrorKind::BadId`](crate::ErrorKind::BadId) if an id to keep cannot be one.
///
/// # Examples
///
/// ```
/// use rootmount::{MountTable, PlanOptions, Rules};
/// let id = "0123456789abcdef".repeat(4);
/// let table = MountTable::from_bytes(format!(
///     "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
///      2 1 0:40 / /var/lib/docker/overlay2/{id}/merged rw - overlay overlay rw\n\
///      3 1 8:2 / /var/lib/docker/volumes rw - ext4 /dev/sdb1 rw\n"
/// ));
/// let plan = rootmount::plan(&table, &Rules::sweep(), &PlanOptions::new("/var/lib/docker"))?;
/// assert_eq!(plan.steps().len(), 1);
/// assert_eq!(plan.steps()[0].rule, "overlay2/<id>/merged");
/// assert_eq!(plan.kept()[0].mount.mount_point.to_str(), Some("/var/lib/docker/volumes"));
/// # Ok::<(), rootmount::Error>(())
/// ```
pub fn plan(
    table: &MountTable,
    rules: &Rules,
    options: &PlanOptions,
) -> Result<CleanupPlan, Error> {
    let root = normal_root(&options.root)?;
    for id in &options.keep {
        check_id(id)?;
    }
    let mut choice = Choice::new(table, &root, &options.keep);
    let below = table.under(&root).filter(|row| row.mount_point() != root);
    let below: Vec<Row<'_>> = below.filter(|row| choice.is_current(*row)).collect();
    choice.choose(&below, rules);
    choice.spare_holders();
    let steps = choice.steps();
    let kept = choice.kept(&below, rules.is_sweep());
    let live = kept.iter().any(|k| k.reason != KeepReason::NoRule);
    let root_decision = decide_root(table, &root, options.ownership.as_ref(), live);
    Ok(CleanupPlan {
        root,
        steps,
        kept,
        root_decision,
    })
}

/// The rows that go and the rows that stay, while it is decided.
struct Choice<'t> {
    table: &'t MountTable,
    root: &'t Path,
    keep: &'t BTreeSet<OsString>,
    chosen: HashMap<MountId, (Row<'t>, String)>,
    spared: HashMap<MountId, (Row<'t>, KeepReason)>,
}

impl<'t> Choice<'t> {
    fn new(table: &'t MountTable, root: &'t Path, keep: &'t BTreeSet<OsString>) -> Self {
        Self {
            table,
            root,
            keep,
            chosen: HashMap::new(),
            spared: HashMap::new(),
        }
    }

    /// A torn table may show an id twice; the later row is the one that counts.
    fn is_current(&self, row: Row<'t>) -> bool {
        self.table.by_id(row.mount_id()) == Some(row)
    }

    fn choose(&mut self, below: &[Row<'t>], rules: &Rules) {
        let mut tops = Vec::new();
        for &row in below {
            let point = row.mount_point();
            let Some(rule) = point
                .strip_prefix(self.root)
                .ok()
                .and_then(|r| rules.matching(r))
            else {
                continue;
            };
            if !self.spare_if_live(row) {
                self.chosen.insert(row.mount_id(), (row, rule.to_owned()));
                tops.push((row, rule));
            }
        }
        // Later mounts first: a nested one then gives its own rule to what is below it.
        for (row, rule) in tops.into_iter().rev() {
            self.choose_below(row, rule);
        }
    }

    fn choose_below(&mut self, top: Row<'t>, rule: &str) {
        let top_point = top.mount_point();
        for row in self.table.descendants(top) {
            let id = row.mount_id();
            if self.chosen.contains_key(&id)
                || self.spared.contains_key(&id)
                || !self.is_current(row)
            {
                continue;
            }
            if !row.mount_point().starts_with(&*top_point) {
                self.spared.insert(id, (row, KeepReason::Inconsistent));
            } else if !self.spare_if_live(row) {
                self.chosen.insert(id, (row, format!("below {rule}")));
            }
        }
    }

    /// Spares the row and what is below it, if it belongs to a live container.
    fn spare_if_live(&mut self, row: Row<'t>) -> bool {
        let point = row.mount_point();
        let Some(id) = point
            .strip_prefix(self.root)
            .ok()
            .and_then(|r| live_id(r, self.keep))
        else {
            return false;
        };
        for below in self
            .table
            .descendants(row)
            .filter(|r| r.mount_id() != row.mount_id())
        {
            // Also a row that no longer counts: too much is kept rather than too little.
            let reason = KeepReason::BelowLive(point.to_path_buf());
            self.chosen.remove(&below.mount_id());
            self.spared
                .entry(below.mount_id())
                .or_insert((below, reason));
        }
        self.chosen.remove(&row.mount_id());
        self.spared
            .insert(row.mount_id(), (row, KeepReason::Live(id.to_owned())));
        true
    }

    /// A mount cannot go while one on it stays.
    fn spare_holders(&mut self) {
        let kept: Vec<Row<'t>> = self.spared.values().map(|(row, _)| *row).collect();
        for row in kept {
            let mut at = row;
            // Bounded: a torn table may hold a circle of parents.
            for _ in 0..self.table.len() {
                let Some(parent) = self.table.parent(at) else {
                    break;
                };
                if let Some((holder, _)) = self.chosen.remove(&parent.mount_id()) {
                    let reason = KeepReason::HoldsKept(row.mount_point().into_owned());
                    self.spared.insert(holder.mount_id(), (holder, reason));
                }
                if parent.mount_id() == at.mount_id()
                    || !parent.mount_point().starts_with(self.root)
                {
                    break;
                }
                at = parent;
            }
        }
    }

    fn steps(&self) -> Vec<Step> {
        let rows: Vec<Row<'t>> = self.chosen.values().map(|(row, _)| *row).collect();
        let ordered = self.table.deepest_first(rows);
        ordered
            .into_iter()
            .filter_map(|row| Some(self.step(row, &self.chosen.get(&row.mount_id())?.1)))
            .collect()
    }

    fn step(&self, row: Row<'t>, rule: &str) -> Step {
        Step {
            mount: MountRef::from(row),
            parent_id: row.parent_id(),
            fs_type: row.fs_type().into_owned(),
            rule: rule.to_owned(),
            hidden: !is_reachable(self.table, row),
        }
    }

    fn kept(&self, below: &[Row<'t>], with_foreign: bool) -> Vec<Kept> {
        let mut kept = Vec::new();
        for row in below {
            let id = row.mount_id();
            let reason = match self.spared.get(&id) {
                Some((_, reason)) => reason.clone(),
                None if with_foreign && !self.chosen.contains_key(&id) => KeepReason::NoRule,
                None => continue,
            };
            kept.push(Kept {
                mount: MountRef::from(*row),
                reason,
            });
        }
        kept
    }
}

/// Whether the path of a mount leads to it, or to the stack it is in.
fn is_reachable(table: &MountTable, row: Row<'_>) -> bool {
    let point = row.mount_point();
    let Some(mut at) = table.mount_of(&point) else {
        return false;
    };
    for _ in 0..table.len() {
        if at.mount_id() == row.mount_id() {
            return true;
        }
        match table.parent(at) {
            Some(parent) if at.mount_point() == point => at = parent,
            _ => return false,
        }
    }
    false
}

/// The live id that a path has as a component, if any.
fn live_id<'k>(relative: &Path, keep: &'k BTreeSet<OsString>) -> Option<&'k OsStr> {
    relative.components().find_map(|component| match component {
        Component::Normal(name) => kept_as(name.as_bytes(), keep),
        _ => None,
    })
}

fn kept_as<'k>(name: &[u8], keep: &'k BTreeSet<OsString>) -> Option<&'k OsStr> {
    let name = name.strip_suffix(b"-init").unwrap_or(name);
    if let Some(id) = keep.get(OsStr::from_bytes(name)) {
        return Some(id);
    }
    // Ids that a name starts with sort right before it, with only ids of the same
    // start between them.
    let start = name.get(..SHORT_ID)?;
    let shorter = keep
        .range::<OsStr, _>((Bound::Unbounded, Bound::Excluded(OsStr::from_bytes(name))))
        .rev();
    let same_start = shorter.take_while(|id| id.as_bytes().starts_with(start));
    same_start
        .map(OsString::as_os_str)
        .find(|id| name.starts_with(id.as_bytes()))
}

fn decide_root(
    table: &MountTable,
    root: &Path,
    ownership: Option<&Ownership>,
    live: bool,
) -> RootDecision {
    let decision = |action, reason: &str| RootDecision {
        action,
        reason: reason.to_owned(),
    };
    if table.topmost(root).is_none() {
        return decision(RootAction::None, "nothing is mounted at the root");
    }
    match ownership {
        None => decision(RootAction::Keep, "its release was not asked for"),
        Some(owner) if !owner.is_ours() => decision(RootAction::Keep, &owner.to_string()),
        Some(_) if live => decision(
            RootAction::Keep,
            "mounts of live containers remain below it",
        ),
        Some(owner) => decision(RootAction::Release, &owner.to_string()),
    }
}

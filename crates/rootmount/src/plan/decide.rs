//! Makes a plan from a table, rules and evidence. Pure.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mountscan::{MountId, MountTable, Row};

use crate::data_root::ownership::Ownership;
use crate::error::Error;
use crate::liveness::container_key::ContainerKey;
use crate::liveness::contradiction::Contradiction;
use crate::liveness::judge::{Judge, Verdict};
use crate::liveness::verdicts::{Judged, verdicts};
use crate::mount::MountRef;
use crate::path::{normal_root, relative};
use crate::plan::cleanup_plan::{
    CleanupPlan, KeepReason, Kept, PlanOptions, RootAction, RootDecision, Step,
};
use crate::plan::keep::kept_reason;
use crate::plan::reach::Reach;
use crate::plan::rules::{Matched, Rules, check_id};

/// Decides which mounts below a data root are unmounted.
///
/// Steps come in the order in which they must run. A mount comes after everything that is
/// mounted on it, and a stack goes from the top. If two mounts do not depend on each other, the
/// later one goes first. A mount below a chosen one is chosen too. If a mount is kept, all
/// mounts that it lies on are kept too.
///
/// With [evidence](PlanOptions::evidence), a mount is chosen only if it is proved that its
/// container is dead; see [`Evidence`](crate::Evidence).
///
/// # Errors
///
/// [`BadRoot`](crate::ErrorKind::BadRoot) if the root is relative, is `/` or has `..` in it;
/// [`BadId`](crate::ErrorKind::BadId) if an id to keep cannot be one.
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
    let mut choice = Choice::new(table, &root, options);
    let is_root = |row: &Row<'_>| row.mount_point().as_os_str() == root.as_os_str();
    let below = table.under(&root).filter(|row| !is_root(row));
    let below: Vec<Row<'_>> = below.filter(|row| choice.is_current(*row)).collect();
    choice.choose(&below, rules);
    choice.judge();
    choice.spare_holders();
    let steps = choice.steps();
    let kept = choice.kept(&below, rules.is_sweep());
    let live = kept.iter().any(|k| k.reason != KeepReason::NoRule);
    let root_decision = decide_root(table, &root, options.ownership.as_ref(), live);
    let contradictions = choice.contradictions;
    Ok(CleanupPlan {
        root,
        steps,
        kept,
        root_decision,
        contradictions,
        layers: options.layers.clone(),
    })
}

/// The rows that go and the rows that stay, during the decision. Every pass over them is
/// linear, because thousands of mounts may be stacked at one point.
struct Choice<'t> {
    table: &'t MountTable,
    root: &'t Path,
    options: &'t PlanOptions,
    chosen: HashMap<MountId, Chosen<'t>>,
    spared: HashMap<MountId, (Row<'t>, KeepReason)>,
    /// The chosen ones, each after the mount that it lies on.
    order: Vec<Row<'t>>,
    contradictions: Vec<Contradiction>,
}

struct Chosen<'t> {
    row: Row<'t>,
    /// The rule that matches it, or that matches the nearest mount below it.
    rule: &'t str,
    /// Whether the rule matches this mount itself.
    is_matched: bool,
    /// The container that the rule names in the path.
    named: Option<ContainerKey>,
    container: Option<ContainerKey>,
    spreads: bool,
}

/// What a mount passes on to the mounts on it, during a walk.
#[derive(Clone)]
enum Passed<'t> {
    Rule(Matched<'t>),
    BelowLive(PathBuf),
}

impl<'t> Choice<'t> {
    fn new(table: &'t MountTable, root: &'t Path, options: &'t PlanOptions) -> Self {
        Self {
            table,
            root,
            options,
            chosen: HashMap::new(),
            spared: HashMap::new(),
            order: Vec::new(),
            contradictions: Vec::new(),
        }
    }

    /// A torn table may show an id twice; the later row is the one that counts.
    fn is_current(&self, row: Row<'t>) -> bool {
        self.table.by_id(row.mount_id()) == Some(row)
    }

    /// Chooses the mounts that a rule matches, and those that lie on them.
    fn choose(&mut self, below: &[Row<'t>], rules: &'t Rules) {
        let matched = below.iter().filter_map(|&row| {
            let point = row.mount_point();
            let below = relative(&point, self.root)?;
            Some((row.mount_id(), rules.matched(below)?))
        });
        let matched: HashMap<MountId, Matched<'_>> = matched.collect();
        let tops = below
            .iter()
            .filter(|row| matched.contains_key(&row.mount_id()));
        let mut tops = self.table.deepest_first(tops.copied().collect());
        self.chosen.reserve(tops.len());
        // The lowest first: a walk from there meets the others.
        tops.reverse();
        for top in tops {
            if !self.is_decided(top) {
                self.walk(top, &matched);
            }
        }
    }

    fn is_decided(&self, row: Row<'t>) -> bool {
        self.chosen.contains_key(&row.mount_id()) || self.spared.contains_key(&row.mount_id())
    }

    /// Decides about a mount and everything on it. Each mount comes after the one that it lies
    /// on.
    fn walk(&mut self, top: Row<'t>, matched: &HashMap<MountId, Matched<'t>>) {
        let top_point = top.mount_point();
        let mut passed: HashMap<MountId, Passed<'t>> = HashMap::new();
        let on_it = self.table.descendants(top);
        let on_it = on_it.filter(|row| row.mount_id() != top.mount_id());
        for row in std::iter::once(top).chain(on_it) {
            let id = row.mount_id();
            let from_parent = passed.get(&row.parent_id()).cloned();
            if let Some(Passed::BelowLive(point)) = &from_parent {
                // Also a row that no longer counts: too much is kept rather than too little.
                let reason = KeepReason::BelowLive(point.clone());
                self.spare(row, reason);
                passed.extend(from_parent.map(|p| (id, p)));
                continue;
            }
            if self.is_decided(row) || !self.is_current(row) {
                continue;
            }
            let own = matched.get(&id).cloned();
            let inherited = match from_parent {
                Some(Passed::Rule(rule)) => Some(rule),
                // A row whose parent does not count is taken to lie on the lowest mount.
                _ => matched.get(&top.mount_id()).cloned(),
            };
            let is_matched = own.is_some();
            let Some(rule) = own.or(inherited) else {
                continue;
            };
            let point = row.mount_point();
            if relative(&point, &top_point).is_none() {
                self.spare(row, KeepReason::Inconsistent);
            } else if let Some(reason) = self.kept_reason(&point) {
                self.spare(row, reason);
                passed.insert(id, Passed::BelowLive(point.into_owned()));
                continue;
            } else {
                self.take(row, rule.clone(), is_matched);
            }
            // Most have nothing on them that could ask.
            if self.table.descendants(row).next().is_some() {
                passed.insert(id, Passed::Rule(rule));
            }
        }
    }

    fn take(&mut self, row: Row<'t>, matched: Matched<'t>, is_matched: bool) {
        self.order.push(row);
        let chosen = Chosen {
            spreads: !self.is_root_ours() && self.spreads(row),
            row,
            rule: matched.rule,
            is_matched,
            named: matched.named,
            container: None,
        };
        self.chosen.insert(row.mount_id(), chosen);
    }

    /// Whether the mount at the root, and so all that spreads from it, was made from here.
    fn is_root_ours(&self) -> bool {
        let ownership = self.options.ownership.as_ref();
        self.options.root_is_ours || ownership.is_some_and(Ownership::is_ours)
    }

    /// Whether an unmount of it reaches other namespaces, or whether it came from one.
    fn spreads(&self, row: Row<'t>) -> bool {
        let has_peers = |row: &Row<'_>| row.shared().is_some() || row.master().is_some();
        has_peers(&row) || self.table.parent(row).as_ref().is_some_and(has_peers)
    }

    fn spare(&mut self, row: Row<'t>, reason: KeepReason) {
        self.chosen.remove(&row.mount_id());
        self.spared.entry(row.mount_id()).or_insert((row, reason));
    }

    /// Why a mount is kept whose point has an id to keep as a component, or a layer of one.
    fn kept_reason(&self, point: &Path) -> Option<KeepReason> {
        if self.options.keep.is_empty() {
            return None;
        }
        kept_reason(relative(point, self.root)?, self.options)
    }

    /// Spares the mounts that are not proved to be dead, and everything on them.
    fn judge(&mut self) {
        let Some(evidence) = &self.options.evidence else {
            return;
        };
        let judge = Judge::new(evidence, &self.options.layers);
        let mut mounts: Vec<(ContainerKey, MountRef, bool)> = Vec::new();
        for chosen in self.chosen.values_mut() {
            let point = chosen.row.mount_point();
            let below = relative(&point, self.root).unwrap_or(&point);
            let container = judge.container_of(below, chosen.named.as_ref());
            let mount = MountRef::from(chosen.row);
            mounts.push((container.clone(), mount, chosen.spreads));
            chosen.container = Some(container);
        }
        let judged = mounts
            .iter()
            .map(|(key, mount, s)| Judged::new(key.clone(), mount, *s));
        let verdicts = verdicts(&judge, &judged.collect::<Vec<_>>());
        let mut alive: HashMap<MountId, PathBuf> = HashMap::new();
        for row in std::mem::take(&mut self.order) {
            let chosen = self.chosen.get(&row.mount_id());
            let container = chosen.and_then(|chosen| chosen.container.clone());
            let own = container.and_then(|container| {
                let verdict = verdicts.get(&container)?;
                self.reason(container.id, verdict)
            });
            let below = || {
                alive
                    .get(&row.parent_id())
                    .cloned()
                    .map(KeepReason::BelowLive)
            };
            if let Some(reason) = own.or_else(below) {
                self.spare(row, reason);
                alive.insert(row.mount_id(), row.mount_point().into_owned());
            } else {
                self.order.push(row);
            }
        }
    }

    /// Why a container with this verdict is kept, if it is.
    fn reason(&mut self, container: OsString, verdict: &Verdict) -> Option<KeepReason> {
        match verdict {
            Verdict::Dead => None,
            Verdict::Lives { by } => Some(KeepReason::Lives {
                container,
                by: by.clone(),
            }),
            Verdict::Unknown { why } => Some(KeepReason::Unknown { why: why.clone() }),
            Verdict::Contradiction(contradiction) => {
                if !self.contradictions.contains(contradiction) {
                    self.contradictions.push(contradiction.clone());
                }
                let why = contradiction.cause();
                Some(KeepReason::Unknown { why })
            }
        }
    }

    /// Spares each mount that has a kept mount on it, because it cannot go before that one.
    fn spare_holders(&mut self) {
        let mut passed: HashSet<MountId> = HashSet::new();
        let mut kept: Vec<Row<'t>> = self.spared.values().map(|(row, _)| *row).collect();
        kept.sort_unstable_by_key(Row::mount_id);
        for row in kept {
            let mut at = row;
            // What is above a mount was spared when the first one on it was met.
            while let Some(parent) = self.table.parent(at) {
                if !passed.insert(parent.mount_id()) {
                    break;
                }
                if self.chosen.contains_key(&parent.mount_id()) {
                    let reason = KeepReason::HoldsKept(row.mount_point().into_owned());
                    self.spare(parent, reason);
                }
                if !parent.mount_point().starts_with(self.root) {
                    break;
                }
                at = parent;
            }
        }
    }

    fn steps(&self) -> Vec<Step> {
        let rows = self.chosen.values().map(|chosen| chosen.row).collect();
        let reach = Reach::below(self.table, self.root);
        let ordered = self.table.deepest_first(rows).into_iter();
        ordered
            .filter_map(|row| self.chosen.get(&row.mount_id()))
            .map(|chosen| step(chosen, reach.is_hidden(chosen.row)))
            .collect()
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

fn step(chosen: &Chosen<'_>, hidden: bool) -> Step {
    let Chosen { row, rule, .. } = chosen;
    let key = chosen.container.as_ref();
    Step {
        mount: MountRef::from(*row),
        parent_id: row.parent_id(),
        fs_type: row.fs_type().into_owned(),
        rule: match chosen.is_matched {
            true => (*rule).to_owned(),
            false => format!("below {rule}"),
        },
        hidden,
        container: key.map(|it| it.id.clone()),
        namespace: key.and_then(|it| it.namespace.clone()),
        spreads: chosen.spreads,
    }
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

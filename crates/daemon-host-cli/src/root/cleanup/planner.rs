//! Makes a plan from the arguments and the machine, with the evidence for it.

use std::path::Path;
use std::time::Instant;

use daemon_host::engines::Containers;
use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{
    self, CleanupPlan, DataRootOptions, Evidence, LayerMap, PlanOptions, Rules, RunningEngine,
    Status,
};
use daemon_host::{LivenessOptions, evidence, layers};

use super::args::Args;
use super::choice::{Meant, Place, choose};
use super::ids::Ids;
use super::places;
use crate::engines::engine_on;
use crate::engines::with_docker;
use crate::mounts::read_table;
use crate::root::Roots;

/// A plan, and from what it was made.
pub(super) struct Planned {
    pub(super) table: MountTable,
    pub(super) plan: CleanupPlan,
    /// `None` for a captured table.
    pub(super) evidence: Option<Evidence>,
    /// When that had been gathered; `None` if it must not be acted on without another look.
    pub(super) judged_at: Option<Instant>,
}

/// Plans from a captured table.
pub(super) fn of_captured(args: &Args, file: &Path) -> anyhow::Result<Planned> {
    let root = args.root.roots()?.options.root;
    let table = read_table(file)?;
    let place = Place {
        ids: Ids::of_table(&root, &table),
        path: root.clone(),
        layers: LayerMap::new(),
    };
    let meant = choose(&args.asked(), &[place])?.remove(0);
    let rules = match &meant.only {
        None => with_docker(Rules::sweep())?,
        Some(ids) => Rules::containers(ids)?,
    };
    let rules = rules.with_custom(&args.rule)?;
    let options = PlanOptions::new(root).keep_as(meant.keep);
    let plan = rootmount::plan(&table, &rules, &options)?;
    Ok(Planned {
        table,
        plan,
        evidence: None,
        judged_at: None,
    })
}

/// What a clean-up of the running system needs to know. It is found out once.
pub(super) struct Planner<'a> {
    args: &'a Args,
    pub(super) data_root: DataRootOptions,
    pub(super) liveness: LivenessOptions,
    pub(super) status: Status,
}

impl<'a> Planner<'a> {
    pub(super) fn new(args: &'a Args, roots: Roots) -> anyhow::Result<Self> {
        args.root.check()?;
        let data_root = roots.options;
        let liveness = args.evidence.liveness(&data_root.exec_root, roots.doubt)?;
        let status = rootmount::status(&data_root)?;
        Ok(Self {
            args,
            data_root,
            liveness,
            status,
        })
    }

    /// The containers that may be meant here.
    pub(super) fn place(&self) -> anyhow::Result<Place> {
        let root = &self.status.root;
        let table = rootmount::live_table()?;
        Ok(places::of(root, None, &table, &self.liveness))
    }

    /// Plans from the table and the evidence of this moment.
    pub(super) fn plan(&self, meant: &Meant) -> anyhow::Result<Planned> {
        let root = &self.status.root;
        let table = rootmount::live_table()?;
        // The evidence comes after the table, so that it is not older than a mount in the table.
        let known = evidence(root, &table, &self.liveness);
        let judged_at = Instant::now();
        let mut options = PlanOptions::new(root.clone())
            .keep_as(meant.keep.clone())
            .evidence(known.clone())
            .layers(layers(root))
            .root_is_ours(self.status.ownership.is_ours());
        if self.args.id.is_none() {
            options = options.release(self.status.ownership.clone());
        }
        let plan = rootmount::plan(&table, &rules(self.args, meant)?, &options)?;
        Ok(Planned {
            table,
            plan: meant.narrow(plan, &self.args.rule),
            evidence: Some(known),
            judged_at: (!has_store_without_daemon(root)).then_some(judged_at),
        })
    }

    /// Whether an engine runs on the root that may be starting containers. If one container was
    /// named, it does not matter.
    pub(super) fn engine(&self) -> anyhow::Result<RunningEngine> {
        if self.args.id.is_some() {
            return Ok(RunningEngine::No);
        }
        match rootmount::running_engine(&self.data_root.exec_root, &self.liveness.proc) {
            // The exec root is that of a daemon like Docker. The root may be another engine's.
            RunningEngine::No => engine_on(&self.status.root, &self.args.engines),
            running => Ok(running),
        }
    }
}

/// Whether engines that have no daemon, such as podman, keep containers below a root. They start
/// containers at any time, so what the plan knew does not count at the first unmount.
fn has_store_without_daemon(root: &Path) -> bool {
    let stored = Containers::of_storage(root, None);
    !(stored.list.is_empty() && stored.unread.is_empty())
}

/// The rules for what was chosen.
fn rules(args: &Args, meant: &Meant) -> anyhow::Result<Rules> {
    let rules = match &meant.only {
        None => Rules::sweep(),
        Some(ids) => Rules::containers(ids)?,
    };
    Ok(with_docker(rules)?.with_custom(&args.rule)?)
}

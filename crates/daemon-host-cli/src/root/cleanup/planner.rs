//! Makes a plan from the arguments and the machine, with the evidence for it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use daemon_host::engines::Containers;
use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{
    self, CleanupPlan, DataRootOptions, Evidence, LayerMap, PlanOptions, Rules, RunningEngine,
    Status,
};
use daemon_host::{LivenessOptions, evidence, layers};

use super::args::Args;
use super::ids::Ids;
use crate::engines::engine_on;
use crate::engines::with_docker;
use crate::mounts::read_table;

/// A plan, and from what it was made.
pub(super) struct Planned {
    pub(super) table: MountTable,
    pub(super) plan: CleanupPlan,
    /// `None` for a captured table.
    pub(super) evidence: Option<Evidence>,
}

/// Plans from a captured table.
pub(super) fn of_captured(args: &Args, file: &Path) -> anyhow::Result<Planned> {
    let root = args.root.options()?.root;
    let table = read_table(file)?;
    let ids = Ids::of_table(&root, &table);
    let wanted = Wanted::of(args, &ids, &LayerMap::new())?;
    let options = PlanOptions::new(root).keep(wanted.keep);
    let rules = wanted.rules.with_custom(&args.rule)?;
    let plan = rootmount::plan(&table, &rules, &options)?;
    Ok(Planned {
        table,
        plan,
        evidence: None,
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
    pub(super) fn new(args: &'a Args) -> anyhow::Result<Self> {
        let data_root = args.root.existing()?;
        let liveness = args.evidence.liveness(&data_root.exec_root)?;
        let status = rootmount::status(&data_root)?;
        Ok(Self {
            args,
            data_root,
            liveness,
            status,
        })
    }

    /// Plans from the table and the evidence of this moment.
    pub(super) fn plan(&self) -> anyhow::Result<Planned> {
        let root = &self.status.root;
        let layers = layers(root);
        let table = rootmount::live_table()?;
        // The evidence comes after the table, so that it is not older than a mount in the table.
        let known = evidence(root, &table, &self.liveness);
        let ids = known_ids(root, &table, &known, &layers);
        let wanted = Wanted::of(self.args, &ids, &layers)?;
        let mut options = PlanOptions::new(root.clone())
            .keep(wanted.keep)
            .evidence(known.clone())
            .layers(layers)
            .root_is_ours(self.status.ownership.is_ours());
        if self.args.id.is_none() {
            options = options.release(self.status.ownership.clone());
        }
        let rules = wanted.rules.with_custom(&self.args.rule)?;
        let plan = rootmount::plan(&table, &rules, &options)?;
        Ok(Planned {
            table,
            plan,
            evidence: Some(known),
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

/// What is chosen and what is spared, in full ids.
struct Wanted {
    rules: Rules,
    keep: BTreeSet<OsString>,
}

impl Wanted {
    fn of(args: &Args, ids: &Ids, layers: &LayerMap) -> anyhow::Result<Self> {
        let mut keep = BTreeSet::new();
        for asked in &args.keep {
            keep.extend(with_layers(&ids.resolve("--keep", asked)?, layers));
        }
        let rules = match &args.id {
            None => Rules::sweep(),
            Some(asked) => Rules::containers(with_layers(&ids.resolve("--id", asked)?, layers))?,
        };
        let rules = with_docker(rules)?;
        Ok(Self { rules, keep })
    }
}

fn with_layers(id: &str, layers: &LayerMap) -> Vec<OsString> {
    let mut all = vec![OsString::from(id)];
    all.extend(layers.layers_of(OsStr::new(id)).map(OsStr::to_owned));
    all
}

fn known_ids(root: &Path, table: &MountTable, known: &Evidence, layers: &LayerMap) -> Ids {
    let mut ids = Ids::of_table(root, table);
    for testimony in &known.testimonies {
        ids.add(&testimony.id);
    }
    for container in layers.containers() {
        ids.add(container);
        layers.layers_of(container).for_each(|layer| ids.add(layer));
    }
    ids.add_store(Containers::of_docker(root));
    ids.add_store(Containers::of_storage(root, None::<PathBuf>.as_deref()));
    ids
}

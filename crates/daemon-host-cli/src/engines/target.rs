//! One directory of an engine: its rules, its evidence, its plan.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use daemon_host::engines::{Fate, FoundEngine, FoundRoot, Root, Rule, Store};
use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{
    self, CleanupPlan, CleanupReport, Evidence, ExecuteOptions, KeepReason, Kept, PlanOptions,
    Rules,
};
use daemon_host::{LivenessOptions, evidence, layers, look_from};
use serde::Serialize;

use super::told::{self, Told, ToldJson};
use super::witness::{Deliberate, Networks};
use super::work::{self, Work};
use crate::engines::alive::still_alive;
use crate::output::shown;
use crate::root::{EvidenceArgs, EvidenceJson};

/// A directory below which an engine mounts.
pub(crate) struct Target {
    pub(crate) engine: String,
    pub(crate) path: PathBuf,
    pub(crate) running: Option<String>,
    /// Where the engine keeps what need not survive a reboot, if its store is elsewhere.
    pub(crate) run_root: Option<PathBuf>,
    pub(crate) liveness: LivenessOptions,
    rules: Rules,
    /// All rules of the directory, also those that only tell of a mount.
    known: Vec<Rule>,
}

/// What an engine has left below one directory: the plan, and later its result.
pub(crate) struct Leftovers {
    pub(crate) engine: String,
    pub(crate) path: PathBuf,
    pub(crate) plan: CleanupPlan,
    pub(crate) evidence: Evidence,
    pub(crate) running: Option<String>,
    pub(crate) report: Option<CleanupReport>,
    /// What stays in any case.
    told: Vec<Told>,
}

impl Target {
    /// `None` if no rule says that anything may be swept, or is to be told of.
    pub(super) fn new(
        found: &FoundEngine,
        root: &FoundRoot,
        kind: &Root,
        evidence: &EvidenceArgs,
    ) -> anyhow::Result<Option<Self>> {
        let sweep = kind.rules.iter().filter(|rule| rule.fate == Fate::Sweep);
        let named: Vec<(String, String)> = sweep.map(work::named).collect();
        let is_told = |rule: &Rule| rule.fate == Fate::Tell;
        if named.is_empty() && !kind.rules.iter().any(is_told) {
            return Ok(None);
        }
        let mut liveness = evidence.liveness(&root.path, None)?;
        liveness.states.further_dirs.clear();
        if evidence.dirs()?.is_empty() {
            liveness.states.state_dirs.clone_from(&found.states);
        } else {
            liveness.states.further_dirs.clone_from(&found.states);
        }
        liveness.states.bundle_dirs.clone_from(&found.bundles);
        // Whether it runs is known from its processes and sockets; this root is no exec root.
        liveness.witnesses.clear();
        let running = running(found);
        let by = running.clone().map(|who| format!("it runs: {who}"));
        liveness = liveness.witness(Arc::new(Work::new(kind, Box::new(move || by.clone()))));
        let proc = liveness.proc.clone();
        liveness = liveness.witness(Arc::new(Networks::new(proc)));
        let is_storage = found.engine.store == Store::ContainersStorage;
        let run = found.root("run").filter(|_| is_storage);
        let run_root = run.map(|run| run.path.clone());
        if is_storage {
            liveness = liveness.witness(Arc::new(Deliberate::new(run_root.clone())));
        }
        Ok(Some(Self {
            engine: found.engine.name.clone(),
            path: root.path.clone(),
            running,
            run_root,
            rules: Rules::empty().with_named(named)?,
            known: kind.rules.clone(),
            liveness,
        }))
    }

    /// Whether a mount is there that a rule names.
    pub(crate) fn has_mounts(&self, table: &MountTable) -> bool {
        table.under(&self.path).any(|row| {
            let point = row.mount_point();
            let below = point.strip_prefix(&self.path);
            below.is_ok_and(|below| self.rules.matching(below).is_some())
        }) || !told::told(&self.known, &self.path, table).is_empty()
    }

    /// Plans from this table, with evidence that is gathered now.
    pub(crate) fn plan(&self, table: &MountTable) -> anyhow::Result<Leftovers> {
        self.plan_with(table, &BTreeMap::new())
    }

    /// The same, with ids of containers and layers to spare, and who named them.
    pub(crate) fn plan_with(
        &self,
        table: &MountTable,
        keep: &BTreeMap<OsString, String>,
    ) -> anyhow::Result<Leftovers> {
        let known = evidence(&self.path, table, &self.liveness);
        let options = PlanOptions::new(&self.path)
            .keep_as(keep.clone())
            .evidence(known.clone())
            .layers(layers(&self.path));
        Ok(Leftovers {
            engine: self.engine.clone(),
            path: self.path.clone(),
            plan: rootmount::plan(table, &self.rules, &options)?,
            evidence: known,
            running: self.running.clone(),
            report: None,
            told: told::told(&self.known, &self.path, table),
        })
    }

    /// Carries out a plan that was made from this table. Everything is looked at again before.
    pub(crate) fn execute(
        &self,
        leftovers: &mut Leftovers,
        table: MountTable,
        mut options: ExecuteOptions,
    ) -> anyhow::Result<()> {
        options.look = Some(look_from(&self.path, table, &self.liveness));
        leftovers.report = Some(rootmount::execute(&leftovers.plan, &options)?);
        Ok(())
    }
}

/// What shows that the engine runs; `None` if nothing does.
pub(super) fn running(found: &FoundEngine) -> Option<String> {
    let daemon = found.daemons.first();
    let daemon = daemon.map(|daemon| format!("pid {} {}", daemon.pid, daemon.name));
    let socket = || Some(format!("{} is listened on", shown(found.sockets.first()?)));
    daemon.or_else(socket)
}

impl Leftovers {
    /// Whether a person should look at it.
    pub(crate) fn is_finding(&self) -> bool {
        match &self.report {
            Some(report) => !report.is_clean() || self.plan.is_uncertain(),
            None => self.plan.is_uncertain(),
        }
    }

    /// Whether something is left, or may be.
    pub(crate) fn has_news(&self) -> bool {
        !self.plan.steps().is_empty() || self.plan.is_uncertain()
    }

    /// Why it is not known whether somebody lives on mounts: what concerns all of them, or else
    /// each reason once.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let all = self.plan.contradictions().iter();
        let all: Vec<String> = all.map(ToString::to_string).collect();
        if !all.is_empty() {
            return all;
        }
        let of_mount = |kept: &Kept| match &kept.reason {
            KeepReason::Unknown { why } => Some(why.clone()),
            _ => None,
        };
        let reasons: BTreeSet<String> = self.plan.kept().iter().filter_map(of_mount).collect();
        reasons.into_iter().collect()
    }

    /// How many mounts stay because it is not known whether somebody lives on them.
    pub(crate) fn unknown(&self) -> usize {
        let is_unknown = |reason: &KeepReason| matches!(reason, KeepReason::Unknown { .. });
        let kept = self.plan.kept().iter();
        kept.filter(|kept| is_unknown(&kept.reason)).count()
    }

    /// As text for people.
    pub(crate) fn text(&self) -> String {
        let what = match &self.report {
            Some(report) => format!("{report}\n{}", still_alive(report))
                .trim_end()
                .to_owned(),
            None => self.plan.to_string(),
        };
        let told = told::text(&self.told);
        format!("{} in {}\n{what}\n{told}", self.engine, shown(&self.path))
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> LeftoversJson<'_> {
        LeftoversJson {
            engine_name: &self.engine,
            what: match &self.report {
                Some(report) => What::Report(report),
                None => What::Plan(&self.plan),
            },
            running: self.running.as_deref(),
            evidence: EvidenceJson::new(&self.evidence),
            told: ToldJson::all(&self.told),
        }
    }
}

/// A plan or its result, as JSON.
#[derive(Serialize)]
pub(crate) struct LeftoversJson<'l> {
    engine_name: &'l str,
    #[serde(flatten)]
    what: What<'l>,
    running: Option<&'l str>,
    evidence: EvidenceJson<'l>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    told: Vec<ToldJson<'l>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'l> {
    Plan(&'l CleanupPlan),
    Report(&'l CleanupReport),
}

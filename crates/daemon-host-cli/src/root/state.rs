//! The state of a data root with what is left below it, for `root status` and `report`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use daemon_host::rootmount::{
    self, CleanupPlan, Contradiction, DataRootOptions, Evidence, KeepReason, PlanOptions,
    Processes, Rules, Says, Status, Testimony,
};
use daemon_host::{LivenessOptions, evidence, layers};

use super::below::{OfType, others_below};
use crate::engines::with_docker;

/// The state of a data root, and what a sweep would do there.
pub(crate) struct RootState {
    pub(crate) status: Status,
    pub(crate) evidence: Evidence,
    pub(crate) plan: CleanupPlan,
    /// Mounts below the root that are not of its containers.
    pub(crate) others: Vec<OfType>,
}

impl RootState {
    pub(crate) fn read(
        options: &DataRootOptions,
        liveness: &LivenessOptions,
    ) -> Result<Self, rootmount::Error> {
        let status = rootmount::status(options)?;
        let table = rootmount::live_table()?;
        let known = evidence(&status.root, &table, liveness);
        let sweep = PlanOptions::new(&status.root)
            .evidence(known.clone())
            .layers(layers(&status.root))
            .root_is_ours(status.ownership.is_ours());
        let rules = with_docker(Rules::sweep())?;
        let plan = rootmount::plan(&table, &rules, &sweep)?;
        Ok(Self {
            others: others_below(&plan, &table),
            status,
            evidence: known,
            plan,
        })
    }

    /// How many containers live; `None` if no source says it.
    pub(crate) fn live(&self) -> Option<usize> {
        let is_whole = !self.evidence.looked.is_empty() && self.evidence.complaints.is_empty();
        // A container that no state names would be seen by its processes.
        let is_seen = match &self.evidence.processes {
            Processes::Seen(seen) => !seen.view.hides && self.evidence.outsiders.is_none(),
            Processes::Unseen(_) => false,
        };
        let says = |says| {
            let all = self.evidence.testimonies.iter();
            all.filter(move |testimony| testimony.says == says)
        };
        // A path is no container: it may be a build that the engine works on.
        let is_container = |one: &&Testimony| !one.id.as_bytes().contains(&b'/');
        let is_clear = !says(Says::Unknown).any(|one| is_container(&one));
        let told = says(Says::Lives).map(|one| one.id.as_os_str());
        // Processes show containers that no state names.
        let seen = self
            .plan
            .kept()
            .iter()
            .filter_map(|kept| match &kept.reason {
                KeepReason::Lives { container, .. } => Some(container.as_os_str()),
                _ => None,
            });
        let live: BTreeSet<&OsStr> = told.chain(seen).collect();
        (is_whole && is_clear && is_seen).then_some(live.len())
    }

    /// How many mounts stay because it is not known whether somebody lives on them.
    pub(crate) fn unknown(&self) -> usize {
        let is_unknown = |reason: &KeepReason| matches!(reason, KeepReason::Unknown { .. });
        let kept = self.plan.kept().iter();
        kept.filter(|kept| is_unknown(&kept.reason)).count()
    }

    /// Why it is not known: each reason once, with the claim that settles it.
    pub(crate) fn doubts(&self) -> Vec<String> {
        self.reasons(ToString::to_string)
    }

    /// Why it is not known: each reason once.
    pub(crate) fn causes(&self) -> Vec<String> {
        self.reasons(Contradiction::cause)
    }

    /// What helps against the causes, each once.
    pub(crate) fn remedies(&self) -> Vec<&'static str> {
        let contradictions = self.plan.contradictions().iter();
        let of = |one: &Contradiction| match one {
            Contradiction::NoSource { .. } => {
                "name the directory with the states of the runtime (--state-dir)"
            }
            Contradiction::ProcessesUnseen { .. } => "run this where all processes can be seen",
            _ => "make it readable, or claim that no container lives (--none-live)",
        };
        let all: BTreeSet<&str> = contradictions.map(of).collect();
        match all.is_empty() {
            true => vec!["look at each: daemon-host root cleanup --dry-run"],
            false => all.into_iter().collect(),
        }
    }

    fn reasons(&self, of: impl Fn(&Contradiction) -> String) -> Vec<String> {
        let mut why: BTreeSet<String> = BTreeSet::new();
        why.extend(self.plan.contradictions().iter().map(of));
        if why.is_empty() {
            why.extend(
                self.plan
                    .kept()
                    .iter()
                    .filter_map(|kept| match &kept.reason {
                        KeepReason::Unknown { why } => Some(why.clone()),
                        _ => None,
                    }),
            );
        }
        why.into_iter().collect()
    }
}

//! Makes one sweep of leftover mounts: a plan, a second look if necessary, the execution.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rootmount::{
    Claim, CleanupPlan, CleanupReport, DataRootOptions, ExecuteOptions, MountTable, Ownership,
    PlanOptions, Rules,
};
use tracing::info;

use crate::error::{Error, ErrorKind};
use crate::liveness::{
    LivenessOptions, Named, evidence, has_store_without_daemon, layers, look_from,
};

/// What is swept, and by which evidence.
pub(crate) struct Sweep<'s> {
    pub(crate) data_root: &'s DataRootOptions,
    pub(crate) rules: &'s Rules,
    pub(crate) liveness: LivenessOptions,
    /// Ids of containers that stay, whatever the evidence says. They may be abbreviated.
    pub(crate) keep: &'s BTreeSet<OsString>,
    /// Who owns the mount at the root; set if the root should be released at the end.
    pub(crate) ownership: Option<Ownership>,
    /// How long to wait for a second look while an engine runs on the root.
    pub(crate) settle: Option<Duration>,
}

impl<'s> Sweep<'s> {
    /// A sweep that spares these containers and leaves the mount at the root as it is.
    pub(crate) fn new(
        data_root: &'s DataRootOptions,
        rules: &'s Rules,
        liveness: &LivenessOptions,
        keep: &'s BTreeSet<OsString>,
    ) -> Self {
        let named = Named {
            by: "the daemon says that it lives",
            ids: keep.clone(),
        };
        Self {
            data_root,
            rules,
            liveness: liveness.clone().witness(Arc::new(named)),
            keep,
            ownership: None,
            settle: None,
        }
    }

    /// Replaces the claim in the options by this one.
    pub(crate) fn claim(mut self, claim: Claim) -> Self {
        self.liveness.claim = claim;
        self
    }

    /// Plans and executes.
    pub(crate) fn run(&self) -> Result<CleanupReport, Error> {
        let root = &self.data_root.root;
        self.try_run()
            .map_err(|error| Error::caused(ErrorKind::Crate, format!("sweep {root:?}"), error))
    }

    fn try_run(&self) -> Result<CleanupReport, rootmount::Error> {
        let root = rootmount::resolve_root(&self.data_root.root)?;
        let mut execute = ExecuteOptions::new();
        let (mut plan, mut table, judged_at) = self.plan(&root)?;
        // Only where no engine can start a container meanwhile: an engine without a daemon can at
        // any time, and a shutdown does not ask for engines.
        let is_alone = self.settle.is_some() && !has_store_without_daemon(&root);
        execute.judged_at = is_alone.then_some(judged_at);
        if let Some(engine) = self.engine_beside(&plan) {
            let pause = self.settle.unwrap_or_default();
            info!(%engine, pause_s = pause.as_secs(), "looking twice");
            thread::sleep(pause);
            // A container that is being made has its mount first and its process later. What
            // looks dead twice is not being made.
            let (second, later, _) = self.plan(&root)?;
            (plan, table) = (second.settled(&plan), later);
            execute.judged_at = None;
        }
        execute.data_root = Some(self.data_root.clone());
        // Between plan and unmount a container may have started: the last look decides.
        execute.look = Some(look_from(&root, table, &self.liveness));
        rootmount::execute(&plan, &execute)
    }

    /// The plan, the table that it was made from, and when its evidence had been gathered.
    fn plan(&self, root: &Path) -> Result<(CleanupPlan, MountTable, Instant), rootmount::Error> {
        let keep = rootmount::live_ids(root, self.keep)?;
        let table = rootmount::live_table()?;
        // After the table: a mount that it shows is older than what is known of it then.
        let known = evidence(root, &table, &self.liveness);
        let judged_at = Instant::now();
        let mut options = PlanOptions::new(root)
            .keep(keep)
            .evidence(known)
            .layers(layers(root))
            .root_is_ours(self.root_is_ours());
        if let Some(ownership) = self.ownership.clone() {
            options = options.release(ownership);
        }
        let plan = rootmount::plan(&table, self.rules, &options)?;
        Ok((plan, table, judged_at))
    }

    /// Whether the mount at the root is this daemon's, from this start or an earlier one.
    fn root_is_ours(&self) -> bool {
        let is_ours = |status: rootmount::Status| status.ownership.is_ours();
        rootmount::status(self.data_root).is_ok_and(is_ours)
    }

    /// Says which engine may be starting containers. `None` if there is none, or if there is
    /// nothing to unmount.
    fn engine_beside(&self, plan: &CleanupPlan) -> Option<String> {
        self.settle.filter(|_| !plan.steps().is_empty())?;
        rootmount::running_engine(&self.data_root.exec_root, &self.liveness.proc).may_run()
    }
}

/// Whether a sweep has left nothing, and has kept nothing because its state is not known.
pub(crate) fn is_clean(report: &CleanupReport) -> bool {
    report.is_clean() && unknown(report).next().is_none()
}

/// The reasons for mounts that were kept because it is not known whether somebody lives on
/// them.
pub(crate) fn unknown(report: &CleanupReport) -> impl Iterator<Item = &str> {
    report.kept().iter().filter_map(|kept| match &kept.reason {
        rootmount::KeepReason::Unknown { why } => Some(why.as_str()),
        _ => None,
    })
}

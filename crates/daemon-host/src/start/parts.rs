//! What a start hands over to the host that it started.

use std::sync::Arc;
use std::time::Duration;

use rootmount::{DataRootOptions, Rules};
use runtimes::Registry;

use super::lock::Locks;
use crate::config::HostConfig;
use crate::liveness::LivenessOptions;
use crate::report::StartReport;
use crate::transaction::Participant;

/// Everything that a running host keeps from its start.
pub(crate) struct Parts {
    pub(crate) config: Arc<HostConfig>,
    pub(crate) data_root: DataRootOptions,
    pub(crate) rules: Rules,
    pub(crate) liveness: LivenessOptions,
    pub(crate) participants: Vec<Arc<dyn Participant>>,
    pub(crate) reload_limit: Duration,
    pub(crate) locks: Locks,
    pub(crate) registry: Registry,
    pub(crate) report: StartReport,
}

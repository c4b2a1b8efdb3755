//! The values that a start works with.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rootmount::DataRootOptions;

use crate::config::HostConfig;
use crate::liveness::LivenessOptions;
use crate::settings::HostPaths;
use crate::transaction::Participant;

/// How long one participant of a reload may take.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);

/// How long a mount must look dead while an engine runs on the root.
const SETTLE: Duration = Duration::from_secs(10);

/// Everything that the caller told the builder.
pub(super) struct Setup {
    pub(super) config: Arc<HostConfig>,
    pub(super) live: BTreeSet<OsString>,
    pub(super) liveness: LivenessOptions,
    pub(super) settle: Duration,
    pub(super) rules: Vec<String>,
    pub(super) bundles: Vec<PathBuf>,
    pub(super) scripts_in_use: Vec<PathBuf>,
    pub(super) participants: Vec<Arc<dyn Participant>>,
    pub(super) reload_limit: Duration,
    pub(super) paths: HostPaths,
}

impl Setup {
    pub(super) fn new(config: HostConfig) -> Self {
        Self {
            liveness: LivenessOptions::of_exec_root(&config.exec_root),
            settle: SETTLE,
            config: Arc::new(config),
            live: BTreeSet::new(),
            rules: Vec::new(),
            bundles: Vec::new(),
            scripts_in_use: Vec::new(),
            participants: Vec::new(),
            reload_limit: RELOAD_LIMIT,
            paths: HostPaths::default(),
        }
    }

    pub(super) fn data_root(&self) -> DataRootOptions {
        DataRootOptions::new(&self.config.data_root, &self.config.exec_root)
    }
}

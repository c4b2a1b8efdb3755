//! The one value a request works with.

use std::sync::Arc;

use resolvconf::{SelectOptions, Selection};
use rroprobe::{RuntimeSupport, Verdict};
use runtimes::{Features, Runtimes};

use crate::config::HostConfig;

/// The configuration in force and what was derived from it, as one value.
///
/// Nothing in it ever changes. Take one per request and pass it down; what it says of
/// a wrapper script stays true for as long as the host lives.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// The user's configuration.
    pub config: Arc<HostConfig>,
    /// The table of runtimes that follows from it.
    pub runtimes: Arc<Runtimes>,
    /// How often the configuration has been replaced since the start.
    pub generation: u64,
}

impl Snapshot {
    /// Which resolv.conf a container should inherit now, and why.
    ///
    /// Looked up at each call: the host's name resolution may change at any time.
    #[must_use]
    pub fn resolv_conf(&self) -> Selection {
        let mut options = SelectOptions::new();
        options.configured.clone_from(&self.config.resolv_conf);
        resolvconf::select(&resolvconf::find(&options))
    }

    /// Whether recursive read-only mounts work with a runtime: both halves.
    ///
    /// The kernel's half is kept for the process once it is known for good; a runtime
    /// that is not configured, or was not asked yet, is unknown.
    #[must_use]
    pub fn recursive_read_only(&self, runtime: &str) -> Verdict {
        let features = self
            .runtimes
            .lookup(runtime)
            .and_then(|found| found.features.document());
        Verdict::new(rroprobe::cached(), runtime_half(features))
    }
}

fn runtime_half(features: Option<&Features>) -> RuntimeSupport {
    let Some(features) = features else {
        return RuntimeSupport::Unknown(rroprobe::WhyUnknown::NoDocument);
    };
    match features.mount_options() {
        runtimes::Listed::Names(names) => rroprobe::runtime_support(Some(names.as_slice())),
        _ => rroprobe::runtime_support::<&str>(None),
    }
}

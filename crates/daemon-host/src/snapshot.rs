//! The one value a request works with.

use std::sync::Arc;

use rroprobe::{RuntimeSupport, Verdict, WhyUnknown};
use runtimes::{FeaturesState, RroSupport, Runtimes};

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
    /// Whether recursive read-only mounts work with a runtime: both halves.
    ///
    /// The kernel's half is kept for the process once it is known for good. A runtime
    /// that was not asked yet is unknown, and says so: the answers come in a further
    /// snapshot soon after the start or the reload. An empty name is the default runtime.
    pub fn recursive_read_only(&self, runtime: &str) -> Verdict {
        let found = self.runtimes.lookup(runtime);
        let half = found.map_or(RuntimeSupport::Unknown(WhyUnknown::NoProgram), |found| {
            runtime_half(&found.features)
        });
        Verdict::new(rroprobe::cached(), half)
    }
}

/// The verdict is the runtimes crate's, which knows versions too; here it is only put
/// into the other crate's words.
fn runtime_half(features: &FeaturesState) -> RuntimeSupport {
    let why = match (features.rro().support, features) {
        (RroSupport::Yes, _) => return RuntimeSupport::Yes,
        (RroSupport::No, _) => return RuntimeSupport::No,
        (_, FeaturesState::NotProbed) => WhyUnknown::NotAsked,
        (_, FeaturesState::NotApplicable) => WhyUnknown::NoProgram,
        (_, FeaturesState::Known(_)) => WhyUnknown::NoList,
        (_, FeaturesState::NoDocument { .. }) => WhyUnknown::NoDocument,
        _ => WhyUnknown::Failed,
    };
    RuntimeSupport::Unknown(why)
}

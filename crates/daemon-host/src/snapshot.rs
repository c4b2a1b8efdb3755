//! The one value that a request works with.

use std::sync::Arc;

use rroprobe::{KernelSupport, PlainRo, RuntimeAnswer, RuntimeSupport, Verdict};
use runtimes::{FeaturesState, RroAnswer, RroSupport, Runtimes};

use crate::config::HostConfig;

/// The configuration in force and everything derived from it, as one value.
///
/// Nothing in it ever changes. Take one per request and pass it down. What it says about a
/// wrapper script stays true for as long as the host lives.
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
    /// Whether recursive read-only mounts work with a runtime. Both the kernel and the runtime
    /// must support them.
    ///
    /// The kernel's answer is kept for the whole process once it is certain. For a runtime that
    /// was not asked yet the verdict is unknown, and says so. The answers come in a further
    /// snapshot, soon after the start or the reload. An empty name means the default runtime.
    pub fn recursive_read_only(&self, runtime: &str) -> Verdict {
        let found = self.runtimes.lookup(runtime);
        let features = found.map_or(&FeaturesState::NotApplicable, |found| &found.features);
        Verdict::new(KernelSupport::cached(), runtime_half(features.rro()))
    }
}

/// The answer of the runtimes crate, which knows versions too, with its reason.
fn runtime_half(answer: RroAnswer) -> RuntimeAnswer {
    let support = match answer.support {
        RroSupport::Yes => RuntimeSupport::Yes,
        RroSupport::No => RuntimeSupport::No,
        _ => RuntimeSupport::Unknown,
    };
    let plain_ro = match answer.is_ro_recursive {
        Some(true) => PlainRo::Recursive,
        Some(false) => PlainRo::Alone,
        None => PlainRo::Unknown,
    };
    RuntimeAnswer::new(support, answer.reason).with_plain_ro(plain_ro)
}

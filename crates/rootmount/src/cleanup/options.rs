//! How a plan is carried out.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::data_root::options::DataRootOptions;
use crate::liveness::look::Look;
use crate::unmount::options::{Detach, UnmountOptions};

/// How a plan is carried out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExecuteOptions {
    /// Whether a mount that stays busy may be detached lazily.
    pub detach: Detach,
    /// How often a busy mount is tried again before it is detached. The first wait is one
    /// millisecond, and each next one is twice as long. Most of what makes a mount busy is a
    /// path look-up that is over in an instant.
    pub busy_retries: u32,
    /// How many threads unmount at once, at most. Beyond eight, there is one thread for every
    /// dozen independent subtrees. Each call waits for a grace period of the kernel, so many
    /// calls overlap even on one processor.
    pub threads: usize,
    /// How many independent subtrees a plan must have to use several threads.
    pub parallel_from: usize,
    /// Whether unmounting may reach the peers and slaves of the mount below, in this and in
    /// other mount namespaces. That is what the kernel does normally. If not, the shared mount
    /// below leaves its peer group for the time of the call; see [unmounting and
    /// peers](crate#unmounting-and-peers). This needs Linux 5.15. Where it is not possible, the
    /// step fails and nothing is unmounted.
    pub propagate: bool,
    /// How long one step may take. A step that takes longer is given up, with the outcome
    /// [`Outcome::NoAnswer`](crate::Outcome::NoAnswer); the others go on.
    pub step_limit: Duration,
    /// The mount table of the calling thread.
    pub mountinfo: PathBuf,
    /// Gathers evidence again right before mounts are unmounted. Without it, the evidence of
    /// the plan decides.
    pub look: Option<Look>,
    /// When the evidence of the plan had been gathered. It counts as the first look until it is a
    /// tenth of a second old. A later look counts as long, or as long as it took. Leave it out
    /// where an engine may be starting containers.
    pub judged_at: Option<Instant>,
    /// Where the data root's ownership record is. Without it the root stays, even if the plan
    /// says to release it.
    pub data_root: Option<DataRootOptions>,
    /// `MNT_FORCE`; see [`TreeOptions::force`](crate::TreeOptions::force).
    pub(crate) force: bool,
}

impl Default for ExecuteOptions {
    fn default() -> Self {
        let engine = UnmountOptions::default();
        Self {
            detach: engine.detach,
            busy_retries: engine.busy_retries,
            threads: engine.threads,
            parallel_from: engine.parallel_from,
            propagate: engine.propagate,
            step_limit: engine.step_limit,
            mountinfo: engine.mountinfo,
            look: None,
            judged_at: None,
            data_root: None,
            force: engine.force,
        }
    }
}

impl ExecuteOptions {
    /// The defaults: lazily when busy, five more tries over 31 ms, up to 32 threads, five
    /// seconds for each step.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn engine(&self) -> UnmountOptions {
        UnmountOptions {
            detach: self.detach,
            busy_retries: self.busy_retries,
            threads: self.threads,
            parallel_from: self.parallel_from,
            propagate: self.propagate,
            force: self.force,
            step_limit: self.step_limit,
            mountinfo: self.mountinfo.clone(),
        }
    }
}

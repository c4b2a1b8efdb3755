//! How mounts are unmounted.

use std::path::PathBuf;
use std::time::Duration;

use crate::limit::ANSWER_LIMIT;
use crate::table::MOUNTINFO;

/// What to do with a mount that stays busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Detach {
    /// Leave it. The report says so.
    Never,
    /// Detach it lazily. It leaves the mount table at once, and its holders can go on using it.
    /// The report says so. It is not done while anything is mounted below it.
    #[default]
    WhenBusy,
}

/// What the engine is told; [`ExecuteOptions`](crate::ExecuteOptions) says what each means.
#[derive(Debug, Clone)]
pub(crate) struct UnmountOptions {
    pub(crate) detach: Detach,
    pub(crate) busy_retries: u32,
    pub(crate) threads: usize,
    pub(crate) parallel_from: usize,
    pub(crate) propagate: bool,
    /// `MNT_FORCE`.
    pub(crate) force: bool,
    pub(crate) step_limit: Duration,
    pub(crate) mountinfo: PathBuf,
}

impl Default for UnmountOptions {
    fn default() -> Self {
        Self {
            detach: Detach::default(),
            // After waits of 1, 2, 4, 8 and 16 ms. What makes a mount busy is mostly a path
            // look-up.
            busy_retries: 5,
            // Useful even on one processor: each call waits for a grace period of the kernel.
            threads: 32,
            parallel_from: 16,
            propagate: true,
            force: false,
            step_limit: ANSWER_LIMIT,
            mountinfo: PathBuf::from(MOUNTINFO),
        }
    }
}

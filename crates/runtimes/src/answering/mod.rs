//! Whether a file system answers, asked before this process itself looks into it.
//!
//! A thread that waits for a server of FUSE which has read the request cannot be ended, not even by
//! SIGKILL. A process with such a thread cannot end. So a child looks first, where a mount on the
//! way to a file may have a server. `kinds` is pure, the rest looks.

mod child;
mod kinds;
mod slow_mounts;

pub(crate) use child::LIMIT;
pub(crate) use slow_mounts::SlowMounts;
pub use slow_mounts::answers_within;

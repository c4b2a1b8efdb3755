//! The execution of a plan: one mount at a time, each checked before and after.

pub(crate) mod execute;
pub(crate) mod holders;
pub(crate) mod peers;
pub(crate) mod report;
pub(crate) mod shared;
pub(crate) mod step;

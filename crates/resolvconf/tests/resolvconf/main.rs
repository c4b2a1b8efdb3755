//! The crate through its public API; modules mirror `src`.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod edit;
mod golden;
mod lint;
mod load;
mod properties;
mod select;
mod transform;
mod watch;
mod write;

//! The crate through its public API; modules mirror `src`.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod behind;
mod claims;
mod golden;
mod large;
mod lint;
mod load;
mod meanings;
mod oracles;
mod properties;
mod readers;
mod refused;
mod select;
mod strategies;
mod transform;
mod watch;
mod write;

//! The crate from outside: its modules one by one, storms, crashes, properties.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail loudly, and say what they skip"
)]

mod bundles;
mod config;
mod containers;
mod crash;
mod elsewhere;
mod features;
mod kernel_judges;
mod keys;
mod limits;
mod machine;
mod preflight;
mod probe;
mod procfs;
mod properties;
mod reload;
mod scale;
mod script;
mod shim_options;
mod shims;
mod store;
mod storm;
mod support;
mod sweep;
mod table;
mod tasks;

//! `report`: the host at a glance, findings first.
//!
//! `collect` asks the crates, `judge` decides what is a finding, `render`, `json` and
//! `metrics` write it. The report changes nothing and needs no privilege. It says what it
//! could not see.

mod collect;
mod command;
mod finding;
mod json;
mod judge;
mod metrics;
mod mounts;
mod openmetrics;
mod render;

pub(crate) use command::{Args, run};
pub(crate) use finding::Finding;
pub(crate) use mounts::{PROBER, probe_mounts};

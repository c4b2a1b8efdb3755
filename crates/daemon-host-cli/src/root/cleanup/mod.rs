//! `root cleanup`: plan, show, and unless told otherwise, act.
//!
//! `ids` is pure: it finds out which container somebody means. `planner` reads, `run`
//! unmounts.

mod args;
mod ids;
mod planner;
mod run;
mod signals;

pub(super) use args::Args;
pub(super) use run::run;

//! `root cleanup`: makes a plan, shows it, and carries it out unless told otherwise.
//!
//! `ids` is pure: it finds out which container somebody means. `planner` reads. `others` knows the
//! directories of engines that were found. `run` unmounts.

mod args;
mod ids;
mod others;
mod planner;
mod run;
mod signals;

pub(super) use args::Args;
pub(super) use run::run;

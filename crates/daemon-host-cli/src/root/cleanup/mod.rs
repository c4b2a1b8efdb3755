//! `root cleanup`: plan, show, and unless told otherwise, act.
//!
//! `ids` is pure: it finds out which container somebody means. `planner` reads,
//! `others` are the directories of engines that were found, `run` unmounts.

mod args;
mod ids;
mod others;
mod planner;
mod run;
mod signals;

pub(super) use args::Args;
pub(super) use run::run;

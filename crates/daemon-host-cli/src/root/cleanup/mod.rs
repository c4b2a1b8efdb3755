//! `root cleanup`: makes a plan, shows it, and carries it out unless told otherwise.
//!
//! `ids` and `choice` are pure: they find out which container somebody means. `places` and
//! `planner` read. `others` knows the directories of engines that were found. `run` unmounts.

mod args;
mod choice;
mod ids;
mod others;
mod places;
mod planner;
mod run;
mod signals;

pub(super) use args::Args;
pub(super) use run::run;

//! `cargo xtask cost`: counts what a user pays, into PERFORMANCE.md: how long `report` takes and
//! how much memory, and how long the build of a fresh clone.

mod builds;
mod count;
mod report;
mod run;

pub(crate) use run::{Args, run};

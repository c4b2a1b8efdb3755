//! `cargo xtask mutants`: changes the code of a crate in small ways, one at a time, and runs
//! its tests. A change that no test notices is a gap in the tests, or it changes nothing.
//! Those that change nothing stand in `xtask/mutants.equivalent`, each with its reason.

mod outcome;
mod run;

pub(crate) use run::{Args, run};

//! `cargo xtask instructions`: counts the instructions of the pure hot paths and holds them
//! against the committed counts. Times differ from run to run on a shared machine; these do not.

mod callgrind;
mod counts;
mod run;

pub(crate) use run::{Args, lane, run};

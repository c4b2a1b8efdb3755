//! `cargo xtask bench`: runs the criterion benches and writes what they measured into
//! PERFORMANCE.md, as tables and growth plots.

mod measured;
mod plot;
mod run;
mod table;

pub(crate) use run::{Args, Block, machine, run, write};

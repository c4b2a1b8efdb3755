//! `cargo xtask test`: every test there is, by one command, with a summary that counts what did
//! not run apart from what passed.

mod conduct;
mod harness;
mod libtest;
mod other_compiler;
mod run;
mod summary;

pub(crate) use run::{Args, i686, run};

//! `cargo xtask tidy`: the promises the repository makes about itself, checked. Every check reads
//! the tree and adds to one list; nothing is changed.

mod code;
mod findings;
mod imports;
mod mask;
mod promises;
mod prose;
mod run;
mod tree;

pub(crate) use run::{Args, run};

//! `cargo xtask daemons`: real daemons from Debian's packages against our command, in
//! namespaces of their own. Nothing is installed: the packages are unpacked into the cache.

mod fleet;
mod lane;
mod leftovers;
mod live;
mod namespaces;
mod node_exporter;
mod program;
pub(crate) mod recipe;
mod resolved;
mod runtimes;
mod stage;
mod trees;

pub(crate) use lane::{Args, count, lane, run};

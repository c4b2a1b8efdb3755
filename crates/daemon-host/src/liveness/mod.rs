//! Finds which containers live: it gathers the sources of a daemon for the judgement in
//! `rootmount`. `statement` is pure; the other files read, and change nothing.

mod evidence;
mod options;
mod sources;
mod statement;

pub(crate) use evidence::has_store_without_daemon;
pub use evidence::{evidence, layers, look, look_from};
pub use options::LivenessOptions;
pub(crate) use options::Named;

//! Which containers live: the sources that a daemon has, gathered for `rootmount`'s
//! judgement. `statement` is pure; the other files read, and change nothing.

mod evidence;
mod options;
mod sources;
mod statement;

pub use evidence::{evidence, layers, look};
pub use options::LivenessOptions;
pub(crate) use options::Named;

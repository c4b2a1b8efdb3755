//! What daemon.json says of runtimes: text in, values and problems out. Pure.

mod check;
mod read;
pub(crate) mod shim_options;

pub use check::{Problem, ProblemKind};
pub use read::{Config, Parsed, RuntimeEntry, UnknownKey};
pub use shim_options::{GenericOptions, OptionValue, RUNC_SHIM, RuncOptions, ShimOptions};

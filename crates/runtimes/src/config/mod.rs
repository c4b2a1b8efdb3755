//! Reads what daemon.json says of runtimes: text becomes values or problems. This room is pure.

mod check;
mod decode;
mod entries;
mod inspect;
mod known_keys;
mod member;
mod problem;
mod read;
mod shim_options;
mod unknown_key;

pub use check::Checked;
pub(crate) use check::Meaning;
pub(crate) use entries::is_same_text;
pub use entries::{Config, RuntimeEntry};
pub use inspect::{Inspected, Parsed};
pub use problem::{Problem, ProblemKind, Problems};
pub use read::{MAX_PARTS, MAX_PROBLEMS};
pub(crate) use shim_options::is_same_options;
pub use shim_options::{GenericOptions, OptionValue, RUNC_SHIM, RuncOptions, ShimOptions};
pub use unknown_key::UnknownKey;

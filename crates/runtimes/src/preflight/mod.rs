//! Whether a program can start here and now. Looks, never runs anything.

mod locate;

pub(crate) use locate::{Identity, access, executable};
pub use locate::{PreflightFault, locate};

//! One row of a mount table: its text, its fields, its owned record. The room is pure.

pub(crate) mod borrowed;
pub(crate) mod escape;
pub(crate) mod mount_info;
pub(crate) mod options;
pub(crate) mod parse;
pub(crate) mod point;
pub(crate) mod propagation;
#[cfg(feature = "serde")]
mod serialize;
pub(crate) mod stream;

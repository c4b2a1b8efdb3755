//! Plans and reports as text, for a person and for a program. It touches nothing.

pub(crate) mod display;
pub(crate) mod held_by;
#[cfg(feature = "serde")]
pub(crate) mod serialize;

//! The threads that unmount, and the one that watches them.

pub(crate) mod engine;
pub(crate) mod work;
pub(crate) mod worker;

//! Finds mounts in all namespaces, and mounts that are in none. The room reads procfs.

pub(crate) mod below;
pub(crate) mod detached;
pub(crate) mod directory;
pub(crate) mod listed;
pub(crate) mod namespaces;
pub(crate) mod tables;

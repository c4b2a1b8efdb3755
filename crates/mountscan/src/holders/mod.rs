//! Finds who keeps a mount busy, and who lives on a file system. The room reads procfs and sysfs.

pub(crate) mod everywhere;
pub(crate) mod find;
mod in_parallel;
pub(crate) mod options;
pub(crate) mod processes;
pub(crate) mod report;
pub(crate) mod residents;
mod space;
mod unpopulated;
mod uses;

//! Finds who keeps a mount busy, and who lives on a file system. The room reads procfs and sysfs.

pub(crate) mod everywhere;
mod facts;
pub(crate) mod find;
mod in_parallel;
pub(crate) mod options;
pub(crate) mod processes;
pub(crate) mod report;
pub(crate) mod residents;
pub(crate) mod survey;
mod unpopulated;
mod uses;

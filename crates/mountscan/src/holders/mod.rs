//! Who keeps a mount busy, and who lives on a file system. The room reads procfs and sysfs.

pub(crate) mod find;
pub(crate) mod process_view;
mod processes;
pub(crate) mod report;
pub(crate) mod residents;
mod unpopulated;
mod uses;

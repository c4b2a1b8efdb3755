//! Who keeps a mount busy, and who lives on a file system. The room reads procfs and sysfs.

pub(crate) mod find;
mod kernel_uses;
mod layers;
mod maps;
pub(crate) mod process_view;
mod processes;
pub(crate) mod report;
pub(crate) mod residents;
mod seen_from;
mod sockets;
mod unpopulated;
mod uses;

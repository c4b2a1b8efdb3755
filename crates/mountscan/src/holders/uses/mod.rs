//! The kinds of use that keep a mount busy. The room reads procfs and sysfs.

pub(crate) mod bound_sockets;
pub(super) mod kernel_uses;
pub(super) mod layer_paths;
pub(super) mod layers;
pub(super) mod maps;
pub(super) mod process_uses;
pub(super) mod relative_layers;
pub(super) mod seen_from;
pub(super) mod sockets;

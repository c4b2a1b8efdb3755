//! The engines and their runtimes, one file each; all of them touch the machine.

pub(super) mod client;
pub(super) mod containerd;
pub(super) mod docker;
pub(super) mod engine;
pub(super) mod image;
pub(super) mod podman;
pub(super) mod runtime;

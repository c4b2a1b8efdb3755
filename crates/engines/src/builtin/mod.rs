//! The engines that this crate knows, one file each. Data only.

mod containerd;
mod containers_storage;
mod docker;
mod ip_netns;
mod known;
mod kubelet;
mod nspawn;
mod say;

//! The engines that this crate knows, one file each. Data only.

pub(crate) mod containerd;
pub(crate) mod containers_storage;
pub(crate) mod docker;
pub(crate) mod kubelet;
pub(crate) mod nspawn;
mod say;

use crate::engine::Engine;

pub(crate) fn all() -> Vec<Engine> {
    vec![
        docker::engine(),
        containerd::engine(),
        containers_storage::engine(),
        kubelet::engine(),
        nspawn::engine(),
    ]
}

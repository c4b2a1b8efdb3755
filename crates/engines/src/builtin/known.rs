//! The known engines by name.

use super::{containerd, containers_storage, docker, ip_netns, kubelet, nspawn};
use crate::engine::Engine;

impl Engine {
    /// All engines that this crate knows.
    pub fn built_in() -> Vec<Self> {
        vec![
            Self::docker(),
            Self::containerd(),
            Self::containers_storage(),
            Self::kubelet(),
            Self::nspawn(),
            Self::ip_netns(),
        ]
    }

    /// Docker: dockerd, with BuildKit inside it.
    pub fn docker() -> Self {
        docker::engine()
    }

    /// containerd with all its namespaces, as Kubernetes and nerdctl use it, and k3s.
    pub fn containerd() -> Self {
        containerd::engine()
    }

    /// podman, buildah and CRI-O, which share one store.
    pub fn containers_storage() -> Self {
        containers_storage::engine()
    }

    /// The kubelet, which mounts volumes for pods.
    pub fn kubelet() -> Self {
        kubelet::engine()
    }

    /// systemd-nspawn.
    pub fn nspawn() -> Self {
        nspawn::engine()
    }

    /// `ip netns`, the command with which people make network namespaces.
    pub fn ip_netns() -> Self {
        ip_netns::engine()
    }
}

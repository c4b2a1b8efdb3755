//! containerd, with all its namespaces, and the same inside k3s and rke2.

use super::say::{root, texts};
use crate::engine::Fate::{Sweep, Tell};
use crate::engine::{Engine, Fate};

const STATE: &[(Fate, &str, &str)] = &[
    (
        Sweep,
        "io.containerd.runtime.v2.task/<name>/<container>/rootfs",
        "root file system",
    ),
    (
        Sweep,
        "io.containerd.runtime.v1.linux/<name>/<container>/rootfs",
        "root file system",
    ),
    (
        Sweep,
        "io.containerd.grpc.v1.cri/sandboxes/<id>/shm",
        "shared memory of a pod",
    ),
];

const DATA: &[(Fate, &str, &str)] = &[
    (Sweep, "tmpmounts/<name>", "mount of an image"),
    (
        Sweep,
        "io.containerd.grpc.v1.cri/sandboxes/<id>/shm",
        "shared memory of a pod",
    ),
];

pub(super) fn engine() -> Engine {
    let state = [
        "/run/containerd",
        "/run/k3s/containerd",
        "/run/user/<number>/containerd",
    ];
    let data = [
        "/var/lib/containerd",
        "/var/lib/rancher/k3s/agent/containerd",
        "/var/lib/rancher/rke2/agent/containerd",
        "/home/<name>/.local/share/containerd",
    ];
    let mut engine = Engine::new("containerd");
    engine.about = "containerd with ctr, nerdctl, Kubernetes, k3s and rke2".to_owned();
    let netns = &[(Tell, "cni-<pod>", "network namespace of a pod")];
    engine.roots = vec![
        root("state", &state, STATE),
        root("data", &data, DATA),
        root("netns", &["/run/netns"], netns),
    ];
    engine.processes = texts(&["containerd", "k3s-server", "k3s-agent", "rke2"]);
    engine.sockets = texts(&[
        "/run/containerd/containerd.sock",
        "/run/k3s/containerd/containerd.sock",
    ]);
    engine.states = texts(&[
        "/run/containerd/runc/*",
        "/run/containerd/runsc/*",
        "/run/k3s/containerd/runc/*",
    ]);
    engine.bundles = texts(&[
        "/run/containerd/io.containerd.runtime.v2.task",
        "/run/k3s/containerd/io.containerd.runtime.v2.task",
    ]);
    engine
}

//! containerd, with all its namespaces, and the same inside k3s and rke2.

use super::say::{Line, place, root, texts, work};
use crate::engine::Fate::Sweep;
use crate::engine::{Engine, Place};

const STATE: &[Line] = &[
    (
        Sweep,
        "io.containerd.runtime.v2.task/<namespace>/<container>/rootfs",
        "root file system",
    ),
    (
        Sweep,
        "io.containerd.runtime.v1.linux/<namespace>/<container>/rootfs",
        "root file system",
    ),
    (
        Sweep,
        "io.containerd.grpc.v1.cri/sandboxes/<id>/shm",
        "shared memory of a pod",
    ),
];

const DATA: &[Line] = &[(
    Sweep,
    "io.containerd.grpc.v1.cri/sandboxes/<id>/shm",
    "shared memory of a pod",
)];

/// Network namespaces of pods, by the names that CNI gives them.
const NETNS: &[Line] = &[(Sweep, "cni-<pod>", "network namespace of a pod")];

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("containerd");
    engine.aliases = texts(&["nerdctl", "k3s", "rke2"]);
    engine.about = "containerd with ctr, nerdctl, Kubernetes, k3s and rke2".to_owned();
    let state = root("state", STATE).moved_by(&["--state"], &["state"]);
    let mut data =
        root("data", DATA).moved_by(&["--root"], &["root", "data-dir+/agent/containerd"]);
    data.rules
        .extend(work(&[("tmpmounts/<name>", "mount of an image")]));
    let mut netns = root("netns", NETNS);
    netns.is_shared = true;
    engine.roots = vec![state, data, netns];
    engine.places = vec![system(), k3s(), user()];
    engine.processes = texts(&["containerd"]);
    engine.config_flags = texts(&["--config", "-c"]);
    engine
}

fn system() -> Place {
    let data = &["/var/lib/containerd"][..];
    let netns = &["/run/netns"][..];
    let state = &["/run/containerd"][..];
    let mut place = with_states(place(
        "system",
        &[("state", state), ("data", data), ("netns", netns)],
    ));
    place.configs = texts(&["/etc/containerd/config.toml"]);
    place
}

fn k3s() -> Place {
    let state = &["/run/k3s/containerd"][..];
    let data = &[
        "/var/lib/rancher/k3s/agent/containerd",
        "/var/lib/rancher/rke2/agent/containerd",
    ][..];
    let mut place = with_states(place("k3s", &[("state", state), ("data", data)]));
    place.configs = texts(&[
        "/etc/rancher/k3s/config.yaml",
        "/etc/rancher/rke2/config.yaml",
    ]);
    place
}

fn user() -> Place {
    let state = &["/run/user/<uid>/containerd"][..];
    let data = &["/home/<name>/.local/share/containerd"][..];
    with_states(place("user", &[("state", state), ("data", data)]))
}

fn with_states(mut place: Place) -> Place {
    place.sockets = texts(&["{state}/containerd.sock"]);
    place.states = texts(&["{state}/runc/*", "{state}/runsc/*"]);
    place.bundles = texts(&["{state}/io.containerd.runtime.v2.task"]);
    place
}

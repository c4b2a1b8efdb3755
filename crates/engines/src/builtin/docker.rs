//! Docker, with BuildKit inside it.

use super::say::{root, texts};
use crate::engine::Fate::{Sweep, Tell};
use crate::engine::{Engine, Fate, Store};

/// Relative to the data root. The second half is what builds and images leave.
const DATA: &[(Fate, &str, &str)] = &[
    (Sweep, "overlay2/<layer>/merged", "root file system"),
    (Sweep, "overlay2/<layer>-init/merged", "init layer"),
    (Sweep, "fuse-overlayfs/<layer>/merged", "root file system"),
    (Sweep, "zfs/graph/<layer>", "root file system"),
    (Sweep, "btrfs/subvolumes/<layer>", "root file system"),
    (Sweep, "rootfs/<name>/<id>", "root file system"),
    (Sweep, "containers/<id>/mounts/shm", "shared memory"),
    (Sweep, "containers/<id>/mounts/secrets", "secrets"),
    (Sweep, "containers/<id>/mounts/configs", "configs"),
    (Sweep, "containers/<id>/mounts/mqueue", "message queues"),
    (Sweep, "containers/<id>/shm", "shared memory"),
    (Sweep, "plugins/<id>/rootfs", "root file system of a plugin"),
    (Tell, "plugins/<id>/propagated-mount", "mounts of a plugin"),
    (Sweep, "overlay2/<key>/merged", "layer of a build"),
    (Sweep, "overlay2/<key>-init/merged", "layer of a build"),
    (
        Sweep,
        "buildkit/executor/<key>/rootfs",
        "root file system of a build step",
    ),
    (Sweep, "tmp/buildkit-mount<number>", "mount of a build"),
    (
        Sweep,
        "containerd/daemon/tmpmounts/<name>",
        "mount of an image",
    ),
    (Tell, "volumes/<name>/_data", "volume"),
];

pub(super) fn engine() -> Engine {
    let data = [
        "/var/lib/docker",
        // With userns-remap dockerd has its root one level down.
        "/var/lib/docker/<number>.<number>",
        "/var/snap/docker/common/var-lib-docker",
        "/home/<name>/.local/share/docker",
        "/root/.local/share/docker",
    ];
    let netns = &[(Tell, "netns/<name>", "network namespace")];
    let exec = ["/run/docker", "/run/user/<number>/docker"];
    let mut engine = Engine::new("docker");
    engine.about = "dockerd, with BuildKit inside it".to_owned();
    engine.roots = vec![root("data", &data, DATA), root("exec", &exec, netns)];
    engine.processes = texts(&["dockerd"]);
    engine.pid_files = texts(&["/run/docker.pid"]);
    engine.sockets = texts(&["/run/docker.sock"]);
    engine.states = texts(&[
        "/run/docker/runtime-runc/moby",
        "/run/docker/runtime-runc/plugins.moby",
        "/run/containerd/runc/moby",
        "/run/containerd/runsc/moby",
    ]);
    engine.bundles = texts(&[
        "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
        "/run/containerd/io.containerd.runtime.v2.task",
    ]);
    engine.store = Store::Docker;
    engine
}

//! Docker, with BuildKit inside it.

use super::say::{Line, place, root, shape, texts, work};
use crate::engine::Fate::{Sweep, Tell};
use crate::engine::{Engine, Place, Store};

/// Shapes below the data root.
const DATA: &[Line] = &[
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
    (Tell, "volumes/<name>/_data", "volume"),
];

/// Shapes for builds and images, on which dockerd and its containerd work themselves.
const WORK: &[(&str, &str)] = &[
    ("overlay2/<key>/merged", "layer of a build"),
    ("overlay2/<key>-init/merged", "layer of a build"),
    (
        "buildkit/executor/<key>/rootfs",
        "root file system of a build step",
    ),
    ("tmp/buildkit-mount<number>", "mount of a build"),
    ("containerd/daemon/tmpmounts/<name>", "mount of an image"),
];

const EXEC: &[Line] = &[(Sweep, "netns/<name>", "network namespace")];

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("docker");
    engine.about = "dockerd, with BuildKit inside it".to_owned();
    let mut data =
        root("data", DATA).moved_by(&["--data-root", "-g", "--graph"], &["data-root", "graph"]);
    data.rules.extend(work(WORK));
    // With userns-remap dockerd puts its root one level down.
    data.nested = vec![shape("<number>.<number>")];
    let exec = root("exec", EXEC).moved_by(&["--exec-root"], &["exec-root"]);
    engine.roots = vec![data, exec];
    engine.places = vec![system(), snap(), user()];
    engine.processes = texts(&["dockerd"]);
    engine.config_flags = texts(&["--config-file"]);
    engine.store = Store::Docker;
    engine
}

fn system() -> Place {
    let data = &["/var/lib/docker"][..];
    let place = place("system", &[("data", data), ("exec", &["/run/docker"])]);
    with_states(place, "/etc/docker/daemon.json")
}

fn snap() -> Place {
    let data = &["/var/snap/docker/common/var-lib-docker"][..];
    let place = place("snap", &[("data", data), ("exec", &["/run/snap.docker"])]);
    with_states(place, "/var/snap/docker/current/config/daemon.json")
}

fn user() -> Place {
    let data = &[
        "/home/<name>/.local/share/docker",
        "/root/.local/share/docker",
    ][..];
    let exec = &["/run/user/<uid>/docker"][..];
    let place = place("user", &[("data", data), ("exec", exec)]);
    with_states(place, "/home/<name>/.config/docker/daemon.json")
}

/// Adds the files that dockerd and its own containerd keep below the exec root and beside it.
fn with_states(mut place: Place, config: &str) -> Place {
    place.configs = texts(&[config]);
    place.pid_files = texts(&["{exec}.pid", "{exec}/docker.pid"]);
    place.sockets = texts(&["{exec}.sock", "{exec}/docker.sock"]);
    place.states = texts(&[
        "{exec}/runtime-runc/moby",
        "{exec}/runtime-runc/plugins.moby",
    ]);
    place.bundles = texts(&["{exec}/containerd/daemon/io.containerd.runtime.v2.task"]);
    if place.name == "system" {
        // The system's containerd, where dockerd uses that one.
        let beside = ["/run/containerd/runc/moby", "/run/containerd/runsc/moby"];
        place.states.extend(texts(&beside));
        let tasks = ["/run/containerd/io.containerd.runtime.v2.task"];
        place.bundles.extend(texts(&tasks));
    }
    place
}

//! containers/storage: podman, buildah and CRI-O share its roots and its form.

use super::say::{Line, place, root, texts};
use crate::engine::Fate::{Own, Sweep, Tell};
use crate::engine::{Engine, Place, Store};

const GRAPH: &[Line] = &[
    (Own, "overlay", "the store itself, made private"),
    (Sweep, "overlay/<layer>/merged", "root file system"),
    (
        Sweep,
        "overlay-containers/<id>/userdata/shm",
        "shared memory",
    ),
    (Sweep, "vfs-containers/<id>/userdata/shm", "shared memory"),
    (Sweep, "btrfs-containers/<id>/userdata/shm", "shared memory"),
    (Sweep, "zfs-containers/<id>/userdata/shm", "shared memory"),
    (Sweep, "btrfs/subvolumes/<layer>", "root file system"),
    (Sweep, "zfs/graph/<layer>", "root file system"),
    (Tell, "volumes/<name>/_data", "volume"),
];

/// CRI-O and transient containers of podman have their shared memory in the run root.
const RUN: &[Line] = &[
    (
        Sweep,
        "overlay-containers/<id>/userdata/shm",
        "shared memory",
    ),
    (Sweep, "vfs-containers/<id>/userdata/shm", "shared memory"),
];

const NETNS: &[Line] = &[(Sweep, "netns-<pod>", "network namespace")];

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("containers-storage");
    engine.aliases = texts(&["podman", "buildah", "cri-o"]);
    engine.about = "podman, buildah and CRI-O".to_owned();
    let graph = root("graph", GRAPH).moved_by(&["--root"], &["storage.graphroot", "crio.root"]);
    let run = root("run", RUN).moved_by(&["--runroot"], &["storage.runroot", "crio.runroot"]);
    let mut netns = root("netns", NETNS);
    netns.is_shared = true;
    engine.roots = vec![graph, run, netns];
    engine.places = vec![system(), user()];
    engine.processes = texts(&["buildah", "conmon", "crio", "podman"]);
    engine.config_flags = texts(&["--config", "-c"]);
    engine.store = Store::ContainersStorage;
    engine
}

fn system() -> Place {
    let graph = &["/var/lib/containers/storage"][..];
    let run = &["/run/containers/storage"][..];
    let netns = &["/run/netns"][..];
    let mut place = place(
        "system",
        &[("graph", graph), ("run", run), ("netns", netns)],
    );
    place.configs = texts(&["/etc/containers/storage.conf", "/etc/crio/crio.conf"]);
    place.pid_files = texts(&["/run/crio/crio.pid"]);
    place.sockets = texts(&["/run/podman/podman.sock", "/run/crio/crio.sock"]);
    place.states = texts(&["/run/crun", "/run/runc", "/run/runsc"]);
    place
}

fn user() -> Place {
    let graph = &[
        "/home/<name>/.local/share/containers/storage",
        "/root/.local/share/containers/storage",
    ][..];
    let run = &["/run/user/<uid>/containers"][..];
    let mut place = place("user", &[("graph", graph), ("run", run)]);
    place.configs = texts(&["/home/<name>/.config/containers/storage.conf"]);
    place.sockets = texts(&["/run/user/<uid>/podman/podman.sock"]);
    place.states = texts(&["/run/user/<uid>/crun", "/run/user/<uid>/runc"]);
    place
}

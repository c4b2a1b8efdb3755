//! containers/storage: podman, buildah and CRI-O share its roots and its form.

use super::say::{root, texts};
use crate::engine::Fate::{Own, Sweep, Tell};
use crate::engine::{Engine, Fate, Store};

const GRAPH: &[(Fate, &str, &str)] = &[
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
const RUN: &[(Fate, &str, &str)] = &[
    (
        Sweep,
        "overlay-containers/<id>/userdata/shm",
        "shared memory",
    ),
    (Sweep, "vfs-containers/<id>/userdata/shm", "shared memory"),
];

pub(super) fn engine() -> Engine {
    let graph = [
        "/var/lib/containers/storage",
        "/home/<name>/.local/share/containers/storage",
        "/root/.local/share/containers/storage",
    ];
    let run = ["/run/containers/storage", "/run/user/<number>/containers"];
    let mut engine = Engine::new("containers-storage");
    engine.about = "podman, buildah and CRI-O".to_owned();
    let netns = &[(Tell, "netns-<pod>", "network namespace")];
    engine.roots = vec![
        root("graph", &graph, GRAPH),
        root("run", &run, RUN),
        root("netns", &["/run/netns"], netns),
    ];
    engine.processes = texts(&["conmon", "crio", "podman"]);
    engine.pid_files = texts(&["/run/crio/crio.pid"]);
    engine.sockets = texts(&["/run/podman/podman.sock", "/run/crio/crio.sock"]);
    engine.states = texts(&["/run/crun", "/run/runc", "/run/runsc"]);
    engine.store = Store::ContainersStorage;
    engine
}

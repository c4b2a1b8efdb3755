//! The kubelet. What it mounts belongs to pods. Only a runtime knows which pods live, so the rules
//! name these mounts and sweep none of them.

use super::say::{Line, place, root, texts};
use crate::engine::Engine;
use crate::engine::Fate::Tell;

const DATA: &[Line] = &[
    (
        Tell,
        "pods/<pod>/volumes/kubernetes.io~projected/<name>",
        "projected volume of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volumes/kubernetes.io~secret/<name>",
        "secret of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volumes/kubernetes.io~configmap/<name>",
        "config map of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volumes/kubernetes.io~empty-dir/<name>",
        "empty directory of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volumes/kubernetes.io~csi/<name>/mount",
        "volume with data of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volumes/<name>/<name>",
        "volume with data of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volume-subpaths/<name>/<name>/<number>",
        "part of a volume of a pod",
    ),
    (
        Tell,
        "pods/<pod>/volumeDevices/<path>",
        "block device of a pod",
    ),
    (
        Tell,
        "plugins/kubernetes.io/<path>",
        "volume with data of a node",
    ),
];

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("kubelet");
    engine.aliases = texts(&["k3s", "rke2"]);
    engine.about = "the kubelet of Kubernetes, k3s and rke2".to_owned();
    engine.roots = vec![root("root", DATA).moved_by(&["--root-dir"], &[])];
    let paths = &["/var/lib/kubelet", "/var/lib/rancher/k3s/agent/kubelet"][..];
    let mut place = place("system", &[("root", paths)]);
    place.sockets = texts(&["/var/lib/kubelet/device-plugins/kubelet.sock"]);
    engine.places = vec![place];
    engine.processes = texts(&["kubelet"]);
    engine
}

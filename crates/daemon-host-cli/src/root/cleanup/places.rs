//! Reads which containers may be meant in a directory.

use std::path::Path;

use daemon_host::engines::Containers;
use daemon_host::mountscan::MountTable;
use daemon_host::{LivenessOptions, evidence, layers};

use super::choice::Place;
use super::ids::Ids;

/// All containers that mounts, states, stores and witnesses name below a directory. A store of
/// containers/storage lists some containers below its run root.
pub(super) fn of(
    root: &Path,
    run_root: Option<&Path>,
    table: &MountTable,
    liveness: &LivenessOptions,
) -> Place {
    let layers = layers(root);
    let mut ids = Ids::of_table(root, table);
    for testimony in &evidence(root, table, liveness).testimonies {
        ids.add(&testimony.id);
    }
    for container in layers.containers() {
        ids.add(container);
        layers.layers_of(container).for_each(|layer| ids.add(layer));
    }
    ids.add_store(Containers::of_docker(root));
    ids.add_store(Containers::of_storage(root, run_root));
    Place {
        path: root.to_owned(),
        ids,
        layers,
    }
}

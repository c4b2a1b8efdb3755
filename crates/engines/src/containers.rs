//! The containers that an engine's store lists.

use std::path::Path;

use crate::resolve::{self, Resolved};
use crate::store;
use crate::unread::Unread;

/// One container, as its engine's store has it. It need not run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// The full id.
    pub id: String,
    /// The names that people gave it; without the slash that Docker puts in front.
    pub names: Vec<String>,
    /// The ids of its own layers. Its file system is mounted below each of them in turn.
    pub layers: Vec<String>,
}

/// All containers that the store of one engine lists, and what could not be read of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Containers {
    /// The containers, in the order of their ids.
    pub list: Vec<Container>,
    /// What is there and could not be read. If this is not empty, the list is not whole.
    pub unread: Vec<Unread>,
}

impl Containers {
    /// The containers of a Docker data root, from `containers/<id>/config.v2.json`.
    ///
    /// Docker keeps the layers of a container in its layer store, which is not read here:
    /// [`Container::layers`] stays empty.
    ///
    /// # References
    ///
    /// moby `daemon/container`, `container.ToDisk`.
    pub fn of_docker(root: &Path) -> Self {
        store::docker::read(root).in_order()
    }

    /// The containers of a graph root of containers/storage, which podman, buildah and
    /// CRI-O use.
    ///
    /// They are in `<driver>-containers/containers.json` and, for containers that need not
    /// survive a reboot, in `volatile-containers.json` beside it. With podman's
    /// `--transient-store` the second file is below the run root instead, so give it where
    /// it is known; the default of root's podman is `/run/containers/storage`.
    pub fn of_storage(root: &Path, run_root: Option<&Path>) -> Self {
        let mut known = store::storage::read(root);
        if let Some(run_root) = run_root {
            known.add(store::storage::read(run_root));
        }
        known.in_order()
    }

    /// The layers of the container with this full id; empty if it is not listed.
    pub fn layers(&self, id: &str) -> &[String] {
        let found = self.list.iter().find(|container| container.id == id);
        found.map_or(&[], |container| &container.layers)
    }

    /// The container whose own layer this is, if the store lists one.
    ///
    /// A layer that is mounted and belongs to no container is an image that a person or
    /// an engine looks into.
    pub fn of_layer(&self, layer: &str) -> Option<&Container> {
        let has = |container: &&Container| container.layers.iter().any(|own| own == layer);
        self.list.iter().find(has)
    }

    /// The full id that a person means by an id, the beginning of one, or a name.
    ///
    /// A full id wins over a name, a name over the beginning of an id, as in `docker` and
    /// `podman` themselves.
    pub fn resolve(&self, asked: &str) -> Resolved {
        resolve::resolve(&self.list, asked)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.list.extend(other.list);
        self.unread.extend(other.unread);
    }

    fn in_order(mut self) -> Self {
        self.list.sort_by(|a, b| a.id.cmp(&b.id));
        // A container that moved from one file to the other meanwhile is in both.
        self.list.dedup();
        self
    }
}

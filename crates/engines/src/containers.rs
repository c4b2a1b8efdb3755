//! The containers that an engine's store lists.

use crate::container::Container;
use crate::resolve::{self, Resolved};
use crate::unread::Unread;

/// All containers that the store of one engine lists, and the files that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Containers {
    /// The containers, in the order of their ids.
    pub list: Vec<Container>,
    /// What exists but could not be read. If this is not empty, the list may lack containers.
    pub unread: Vec<Unread>,
}

impl Containers {
    /// The layers of the container with this full id; empty if it is not listed.
    pub fn layers(&self, id: &str) -> &[String] {
        let found = self.list.iter().find(|container| container.id == id);
        found.map_or(&[], |container| &container.layers)
    }

    /// The container that has this layer as its own, if the store lists one.
    ///
    /// A mounted layer that belongs to no container is an image. A person or an engine looks into
    /// it.
    pub fn of_layer(&self, layer: &str) -> Option<&Container> {
        let has = |container: &&Container| container.layers.iter().any(|own| own == layer);
        self.list.iter().find(has)
    }

    /// Finds the full id for what a person typed: an id, the beginning of an id, or a name.
    ///
    /// A full id wins over a name. A name wins over the beginning of an id. `docker` and `podman`
    /// do the same.
    pub fn resolve(&self, asked: &str) -> Resolved {
        resolve::resolve(&self.list, asked)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.list.extend(other.list);
        self.unread.extend(other.unread);
    }

    pub(crate) fn in_order(mut self) -> Self {
        self.list.sort_by(|a, b| a.id.cmp(&b.id));
        // A container that moved from one file to the other between the two reads is in both.
        self.list.dedup();
        self
    }
}

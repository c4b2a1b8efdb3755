//! Which layers belong to which container. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

/// The layers of containers. Most engines mount a container's root file system under the id of
/// a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerMap {
    /// Container by layer, and by itself.
    containers: BTreeMap<OsString, OsString>,
    /// Containers that may have further layers.
    partly: BTreeSet<OsString>,
    unread: Vec<String>,
}

impl LayerMap {
    /// A map that knows no container.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a container, with one of its layers.
    pub fn add(&mut self, container: impl Into<OsString>, layer: impl Into<OsString>) {
        let container = container.into();
        self.containers.insert(layer.into(), container.clone());
        self.containers.insert(container.clone(), container);
    }

    /// Notes that a store could not be read, and why. Then a layer that the map does not know
    /// may belong to any container.
    pub fn unread(&mut self, why: impl Into<String>) {
        self.unread.push(why.into());
    }

    /// Notes that the layers of a container could not be read, and why. Then its root file system
    /// may be any layer that the map does not know.
    pub fn unread_layers(&mut self, container: impl Into<OsString>, why: impl Into<String>) {
        let container = container.into();
        self.containers.insert(container.clone(), container.clone());
        self.partly.insert(container);
        self.unread(why);
    }

    /// Whether all layers of this container are known, or the container of this layer is.
    pub fn is_whole(&self, id: &OsStr) -> bool {
        self.containers.contains_key(id) && !self.partly.contains(id)
    }

    /// Adds what another map knows.
    pub fn extend(&mut self, other: Self) {
        self.containers.extend(other.containers);
        self.partly.extend(other.partly);
        self.unread.extend(other.unread);
    }

    /// The container that a layer belongs to. For a container's own id it is that container.
    pub fn container_of(&self, id: &OsStr) -> Option<&OsStr> {
        self.containers.get(id).map(OsString::as_os_str)
    }

    /// The layers of a container.
    pub fn layers_of<'m>(&'m self, container: &'m OsStr) -> impl Iterator<Item = &'m OsStr> {
        let its_own = self.containers.iter().filter(move |(layer, owner)| {
            owner.as_os_str() == container && layer.as_os_str() != container
        });
        its_own.map(|(layer, _)| layer.as_os_str())
    }

    /// The containers that it knows.
    pub fn containers(&self) -> impl Iterator<Item = &OsStr> {
        let own = self.containers.iter().filter(|(id, owner)| id == owner);
        own.map(|(id, _)| id.as_os_str())
    }

    /// Why a store could not be read, for each such store.
    pub fn unread_stores(&self) -> &[String] {
        &self.unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_lead_to_their_container() {
        let mut map = LayerMap::new();
        map.add("c1", "l1");
        map.add("c1", "l1-init");
        map.add("c2", "l2");
        let of = |id: &str| map.container_of(OsStr::new(id)).map(OsStr::to_os_string);
        assert_eq!(of("l1"), Some("c1".into()));
        assert_eq!(of("c2"), Some("c2".into()));
        assert_eq!(of("l3"), None);
        assert_eq!(map.layers_of(OsStr::new("c1")).count(), 2);
        assert_eq!(map.containers().count(), 2);
        map.unread_layers("c3", "mount-id: an error");
        let whole = ["c1", "l2", "c3", "l3"].map(|id| map.is_whole(OsStr::new(id)));
        assert_eq!(whole, [true, true, false, false]);
        let mut joined = LayerMap::new();
        joined.add("c3", "l3");
        joined.extend(map);
        assert_eq!(
            joined.container_of(OsStr::new("l3")),
            Some(OsStr::new("c3"))
        );
        assert!(!joined.is_whole(OsStr::new("c3")));
        assert_eq!(joined.unread_stores(), ["mount-id: an error"]);
    }
}

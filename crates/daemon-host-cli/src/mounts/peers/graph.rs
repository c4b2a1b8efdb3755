//! Peer groups over all namespaces. Pure.

use std::collections::{BTreeMap, BTreeSet};

use daemon_host::mountscan::{MountInfo, MountNamespace, Namespaces, PeerGroup, Row};

/// A mount in its namespace.
#[derive(Clone)]
pub(super) struct Place<'n> {
    pub(super) space: &'n MountNamespace,
    pub(super) mount: MountInfo,
}

impl<'n> Place<'n> {
    pub(super) fn new(space: &'n MountNamespace, row: Row<'_>) -> Self {
        Self {
            space,
            mount: row.into(),
        }
    }

    /// Namespace and id: which mount it is.
    pub(super) fn key(&self) -> (u64, u32) {
        (self.space.inode, self.mount.mount_id.0)
    }
}

/// A peer group. Its members give each other all events. Its slaves only receive them.
#[derive(Default)]
pub(super) struct Group<'n> {
    pub(super) members: Vec<Place<'n>>,
    pub(super) slaves: Vec<Place<'n>>,
    /// The groups from which this one receives events.
    pub(super) masters: BTreeSet<u32>,
}

/// All groups, by number.
pub(super) struct Graph<'n> {
    pub(super) groups: BTreeMap<u32, Group<'n>>,
}

impl<'n> Graph<'n> {
    pub(super) fn new(namespaces: &'n Namespaces) -> Self {
        let mut groups: BTreeMap<u32, Group<'n>> = BTreeMap::new();
        for space in &namespaces.namespaces {
            for row in space.table.rows() {
                let master = row.master();
                if let Some(PeerGroup(number)) = row.shared() {
                    let group = groups.entry(number).or_default();
                    group.members.push(Place::new(space, row));
                    group.masters.extend(master.map(|master| master.0));
                }
                if let Some(PeerGroup(number)) = master {
                    let group = groups.entry(number).or_default();
                    group.slaves.push(Place::new(space, row));
                }
            }
        }
        Self { groups }
    }

    /// The mounts that an event at a mount reaches, without the mount itself: its peers, their
    /// slaves, and so on down.
    pub(super) fn reached(&self, from: &Place<'n>) -> Vec<(Place<'n>, Way)> {
        let mut seen = BTreeSet::from([from.key()]);
        let mut found = Vec::new();
        let start = from.mount.shared.map(|group| group.0);
        let mut open: Vec<(u32, Way)> = start.map(|group| (group, Way::Peer)).into_iter().collect();
        let mut done = BTreeSet::new();
        while let Some((number, way)) = open.pop() {
            let Some(group) = self.groups.get(&number).filter(|_| done.insert(number)) else {
                continue;
            };
            let members = group.members.iter().map(|member| (member, way));
            let slaves = group.slaves.iter().map(|slave| (slave, Way::Slave));
            for (place, way) in members.chain(slaves) {
                if seen.insert(place.key()) {
                    found.push((place.clone(), way));
                }
                let deeper = place.mount.shared.map(|group| group.0);
                open.extend(
                    deeper
                        .filter(|&d| d != number)
                        .map(|deeper| (deeper, Way::Slave)),
                );
            }
        }
        found
    }
}

/// How an event gets to a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Both give each other all events.
    Peer,
    /// It receives events and gives none.
    Slave,
}

impl Way {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Slave => "slave",
        }
    }
}

//! Decides what happens to the copies of a mount when it is unmounted. Pure.

use std::path::Path;

use daemon_host::mountscan::{MountInfo, Namespaces, Row};

use super::graph::{Graph, Place, Way};
use crate::output::shown;

/// A mount, and the mounts that go with it.
pub(super) struct Reach<'n> {
    pub(super) target: Place<'n>,
    /// Copies that go with it, because their parents receive the events of its parent.
    pub(super) reached: Vec<(Place<'n>, Way)>,
    /// Copies that stay and keep the file system, and why.
    pub(super) kept: Vec<(Place<'n>, String)>,
    /// Mounts below which a new mount below the target appears, too.
    pub(super) below: Vec<(Place<'n>, Way)>,
}

impl<'n> Reach<'n> {
    /// `None` if the caller's namespace has no mount at the path.
    pub(super) fn of(path: &Path, namespaces: &'n Namespaces, graph: &Graph<'n>) -> Option<Self> {
        let own = namespaces.namespaces.iter().find(|space| space.is_own)?;
        let row = own.table.topmost(path)?;
        let target = Place::new(own, row);
        // Unmounting is an event of the mount on which it lies.
        let parent = own.table.parent(row).map(|parent| Place::new(own, parent));
        let parents = parent.as_ref().map(|parent| graph.reached(parent));
        let mut parents = parents.unwrap_or_default();
        parents.extend(parent.map(|parent| (parent, Way::Peer)));
        let mut reached = Vec::new();
        let mut kept = Vec::new();
        for copy in copies(namespaces, &target) {
            let is_parent = |place: &Place<'_>| {
                place.space.inode == copy.space.inode
                    && place.mount.mount_id == copy.mount.parent_id
            };
            match parents.iter().find(|(place, _)| is_parent(place)) {
                Some((_, way)) => reached.push((copy, *way)),
                None => {
                    let why = why_kept(&copy);
                    kept.push((copy, why));
                }
            }
        }
        let below = graph.reached(&target);
        Some(Self {
            target,
            reached,
            kept,
            below,
        })
    }
}

/// Mounts of the same part of the same file system, without the target.
fn copies<'n>(namespaces: &'n Namespaces, target: &Place<'n>) -> Vec<Place<'n>> {
    let is_copy = |row: &Row<'_>| {
        row.device() == target.mount.device && row.root().as_ref() == target.mount.root.as_path()
    };
    let spaces = namespaces.namespaces.iter();
    let all = spaces.flat_map(|space| {
        let rows = space.table.rows().filter(is_copy);
        rows.map(move |row| Place::new(space, row))
    });
    all.filter(|copy| copy.key() != target.key()).collect()
}

/// Why an unmount of the target does not reach a copy.
fn why_kept(copy: &Place<'_>) -> String {
    let parent = copy.space.table.by_id(copy.mount.parent_id);
    let Some(parent) = parent.map(MountInfo::from) else {
        return "it lies on no mount that can be seen".into();
    };
    let point = shown(&parent.mount_point);
    match (parent.shared, parent.master) {
        (None, None) => format!("{point} there is private"),
        (Some(group), _) => format!("{point} there is of another peer group, {group}"),
        (None, Some(master)) => format!("{point} there is a slave of another peer group, {master}"),
    }
}

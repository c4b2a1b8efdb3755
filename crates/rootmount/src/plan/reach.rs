//! Which mounts their paths lead to. Pure.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use mountscan::{MountId, MountTable, Row};

/// Which mounts their paths lead to, asked once for each mount point.
pub(crate) struct Reach<'t> {
    table: &'t MountTable,
    reached: HashMap<PathBuf, HashSet<MountId>>,
}

impl<'t> Reach<'t> {
    pub(crate) fn new(table: &'t MountTable) -> Self {
        Self {
            table,
            reached: HashMap::new(),
        }
    }

    /// Whether the path of a mount leads neither to it nor to the stack it is in.
    pub(crate) fn is_hidden(&mut self, row: Row<'t>) -> bool {
        let table = self.table;
        let point = row.mount_point();
        let reached = self
            .reached
            .entry(point.into_owned())
            .or_insert_with_key(|point| stack(table, point));
        !reached.contains(&row.mount_id())
    }
}

/// The mounts of the stack that a path leads to.
fn stack(table: &MountTable, point: &Path) -> HashSet<MountId> {
    let mut stack = HashSet::new();
    let mut at = table.mount_of(point);
    while let Some(row) = at {
        // Once only: a torn table may hold a circle of parents.
        if !stack.insert(row.mount_id()) || row.mount_point() != point {
            break;
        }
        at = table.parent(row);
    }
    stack
}

//! Finds the differences between two tables.

use std::collections::HashMap;

use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// What happened between two readings of a table.
///
/// A mount that came and went in between is in none of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// Mounts that are new, in the order of the later table.
    pub attached: Vec<MountInfo>,
    /// Mounts that are gone, with their last rows, in the order of the earlier table.
    pub detached: Vec<MountInfo>,
    /// Mounts whose rows differ now, because they were moved, remounted or made shared. These are
    /// the new rows.
    pub changed: Vec<MountInfo>,
}

impl Changes {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.attached.is_empty() && self.detached.is_empty() && self.changed.is_empty()
    }
}

impl MountTable {
    /// What happened since an earlier table of the same namespace.
    ///
    /// A mount is recognised by its unique id if both tables have unique ids. If not, it is
    /// recognised by its reused id together with its place, device, root and source. Then a mount
    /// that took over an id counts as new, and so does a mount that was moved.
    pub fn changes_since(&self, earlier: &MountTable) -> Changes {
        let unique = self.has_unique_ids() && earlier.has_unique_ids();
        let mut before: HashMap<Key<'_>, Row<'_>> = HashMap::with_capacity(earlier.len());
        before.extend(earlier.rows().map(|row| (Key::of(row, unique), row)));
        let mut changes = Changes::default();
        for row in self.rows() {
            match before.remove(&Key::of(row, unique)) {
                None => changes.attached.push(row.into()),
                Some(old) if old != row => changes.changed.push(row.into()),
                Some(_) => {}
            }
        }
        let gone = earlier
            .rows()
            .filter(|&row| before.contains_key(&Key::of(row, unique)));
        changes.detached.extend(gone.map(MountInfo::from));
        changes
    }
}

/// How a mount is recognised in another table.
#[derive(PartialEq, Eq, Hash)]
enum Key<'t> {
    Unique(u64),
    /// The properties that a mount cannot change, and its place.
    Likely {
        id: u32,
        parent: u32,
        what_and_where: &'t [u8],
        from: &'t [u8],
    },
}

impl<'t> Key<'t> {
    fn of(row: Row<'t>, unique: bool) -> Self {
        match row.unique_id() {
            Some(id) if unique => Key::Unique(id.0),
            _ => Key::Likely {
                id: row.mount_id().0,
                parent: row.parent_id().0,
                what_and_where: row.device_root_and_point_fields(),
                from: row.type_and_source_field(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_unique_ids_a_reused_id_and_another_place_are_new_mounts() {
        let old = MountTable::from_bytes(
            "1 0 0:1 / / rw - t s rw\n5 1 0:5 / /a rw - t s rw\n6 1 0:6 / /b rw - t s rw\n7 1 0:7 / /c rw - t s rw\n",
        );
        let new = MountTable::from_bytes(
            "1 0 0:1 / / rw shared:1 - t s rw\n6 1 0:6 / /moved rw - t s rw\n5 1 0:9 / /a rw - t s rw\n7 1 0:7 / /c rw - t s rw\n",
        );
        let changes = new.changes_since(&old);
        let ids = |list: &[MountInfo]| list.iter().map(|info| info.mount_id.0).collect::<Vec<_>>();
        assert_eq!(ids(&changes.attached), [6, 5]);
        assert_eq!(ids(&changes.detached), [5, 6]);
        assert_eq!(ids(&changes.changed), [1]);
        assert!(new.changes_since(&new).is_empty());
    }
}

//! Knows which rows belong to which peer group.

use crate::row::borrowed::Row;
use crate::row::propagation::PeerGroup;

/// Rows by peer group: pairs of group and place, sorted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    shared: Vec<(u32, u32)>,
    master: Vec<(u32, u32)>,
}

impl Groups {
    pub(crate) fn build<'t>(rows: impl Iterator<Item = Row<'t>>) -> Self {
        let mut groups = Self::default();
        for row in rows {
            let place = row.place() as u32;
            let (shared, master) = (row.shared(), row.master());
            groups.shared.extend(shared.map(|group| (group.0, place)));
            groups.master.extend(master.map(|group| (group.0, place)));
        }
        groups.shared.sort_unstable();
        groups.master.sort_unstable();
        groups
    }

    /// The members of a group, by place.
    pub(crate) fn members(&self, group: PeerGroup) -> &[(u32, u32)] {
        of_group(&self.shared, group)
    }

    /// The mounts that have this group as their master, by place.
    pub(crate) fn slaves(&self, group: PeerGroup) -> &[(u32, u32)] {
        of_group(&self.master, group)
    }
}

fn of_group(rows: &[(u32, u32)], group: PeerGroup) -> &[(u32, u32)] {
    let from = rows.partition_point(|row| row.0 < group.0);
    let count = rows[from..].partition_point(|row| row.0 == group.0);
    &rows[from..from + count]
}

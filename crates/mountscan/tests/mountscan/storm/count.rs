//! What is counted in each reading.

use mountscan::{Consistency, MountTable};

use super::scenes::Storm;

/// What went wrong in how many readings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) lost: usize,
    pub(crate) twice: usize,
    pub(crate) wrong_top: usize,
    pub(crate) wrong_holder: usize,
}

/// Readings that did not know the order, which a promise kept may say, but not often.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) order_unknown: usize,
}

impl Count {
    pub(crate) fn look(&mut self, storm: &Storm, table: &MountTable, said: &mut Said) {
        let rows = table.rows().filter(|row| row.mount_id() == storm.id);
        let shown: Vec<_> = rows.collect();
        self.lost += usize::from(shown.is_empty());
        self.twice += usize::from(shown.len() > 1);
        let Some(point) = &storm.stays_at else { return };
        if table.consistency() == Consistency::OrderUnknown {
            said.order_unknown += 1;
            return;
        }
        let is_it =
            |row: Option<mountscan::Row<'_>>| row.is_some_and(|row| row.mount_id() == storm.id);
        let order = table.deepest_first(table.at(point));
        let right = is_it(table.topmost(point))
            && is_it(table.mount_of(&point.join("file")))
            && is_it(order.first().copied())
            && shown.iter().all(|row| !table.is_hidden(*row));
        self.wrong_top += usize::from(!right);
    }
}

//! Puts together the rows of a list of ids: rows that a table holds, and rows that were asked for.
//! Pure.

use crate::ask::answers::{Answers, Known};
use crate::index::row_index::RowSource;
use crate::row::mount_info::MountInfo;
use crate::rows::contradictions::doubtful;
use crate::rows::row_store::Part;
use crate::table::changes::Changes;
use crate::table::consistency::Consistency;
use crate::table::mount_table::MountTable;

/// The rows that a table would have if it agreed with the list.
pub(crate) struct Listing<'t, 'a> {
    table: &'t MountTable,
    /// By id, ascending.
    parts: Vec<(u64, Part<'a>)>,
    /// Ids of mounts without a row.
    hidden: Vec<u64>,
    /// The parts that have not been compared with the others yet.
    new: Vec<u32>,
    /// For each row of the table, whether it is in the list.
    stays: Vec<bool>,
}

impl<'t, 'a> Listing<'t, 'a> {
    /// Puts the parts together. A mount that went before it could be asked about is left out.
    pub(crate) fn of(table: &'t MountTable, listed: &[u64], answers: &'a Answers<'_>) -> Self {
        let mut listing = Self {
            table,
            parts: Vec::with_capacity(listed.len()),
            hidden: Vec::new(),
            new: Vec::new(),
            stays: vec![false; table.len()],
        };
        let is_settled = table.consistency() == Consistency::OneMoment;
        let held = table.unique_ids();
        let mut shown = held.ascending();
        for &id in listed {
            let (place, known) = (shown.find(id), answers.get(id));
            let part = match (place, known) {
                // An answer is newer than the row that the table holds.
                (_, Some(Known::Row(row))) => listing.part(place, row),
                (Some(place), None) => Part::Held(place),
                // Nobody knows its row any more, and the next list will not have it.
                (_, Some(Known::Gone)) => continue,
                (_, Some(Known::OutOfReach)) => {
                    listing.hidden.push(id);
                    continue;
                }
                (None, None) => {
                    // It has no row, because no path leads to it. That is known from before.
                    let is_hidden = held.hidden.binary_search(&id).is_ok();
                    listing.hidden.extend(is_hidden.then_some(id));
                    continue;
                }
            };
            // The rows of a settled table have been compared with each other already.
            if known.is_some() || !is_settled {
                listing.new.push(listing.parts.len() as u32);
            }
            if let Some(place) = place {
                listing.stays[place] = true;
            }
            listing.parts.push((id, part));
        }
        listing
    }

    /// The held row if the answer says the same, else the answer.
    fn part(&self, place: Option<usize>, row: crate::row::borrowed::Row<'a>) -> Part<'a> {
        match place {
            Some(place) if self.table.store().line(place) == row.as_bytes() => Part::Held(place),
            _ => Part::New(row),
        }
    }

    /// The ids of the mounts whose rows contradict other rows.
    pub(crate) fn doubts(&self) -> Vec<u64> {
        let gone = self.table.rows().zip(&self.stays);
        let gone = gone.filter(|(_, stays)| !**stays);
        let mut gone: Vec<u32> = gone.map(|(row, _)| row.mount_id().0).collect();
        gone.sort_unstable();
        let doubts = doubtful(self, &self.new, &gone);
        let ids = doubts.into_iter().map(|part| self.parts[part as usize].0);
        ids.collect()
    }

    /// What has changed since the table was made.
    pub(crate) fn changes(&self) -> Changes {
        let mut changes = Changes::default();
        let gone = self.table.rows().zip(&self.stays);
        let gone = gone.filter(|(_, stays)| !**stays);
        changes
            .detached
            .extend(gone.map(|(row, _)| MountInfo::from(row)));
        let mut shown = self.table.unique_ids().ascending();
        for (id, part) in &self.parts {
            if let Part::New(row) = part {
                let list = match shown.find(*id) {
                    Some(_) => &mut changes.changed,
                    None => &mut changes.attached,
                };
                list.push(MountInfo::from(*row));
            }
        }
        changes
    }

    /// The rows by id, and the ids that have no row.
    pub(crate) fn into_parts(self) -> (Vec<(u64, Part<'a>)>, Vec<u64>) {
        (self.parts, self.hidden)
    }
}

impl RowSource for Listing<'_, '_> {
    fn len(&self) -> u32 {
        self.parts.len() as u32
    }

    fn ids(&self, row: u32) -> (u32, u32) {
        match self.parts[row as usize].1 {
            Part::Held(place) => self.table.store().ids(place as u32),
            Part::New(row) => (row.mount_id().0, row.parent_id().0),
        }
    }

    fn raw_point(&self, row: u32) -> &[u8] {
        match self.parts[row as usize].1 {
            Part::Held(place) => self.table.store().raw_point(place as u32),
            Part::New(row) => row.mount_point_field(),
        }
    }
}

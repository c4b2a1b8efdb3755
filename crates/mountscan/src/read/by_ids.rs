//! Making a table what the kernel's list of ids says, while mounts come and go.
//!
//! A list is of one moment. The table is of that moment as soon as it has the rows of all that is listed;
//! a mount that went before it could be asked about spoils that, and another list has to be made. Each costs
//! what is new in it, not what the table holds. Where mounts are replaced nearly as fast as they are asked
//! about, the order decides: asked from the newest, which stay longest, most of the next list is known
//! already; that one is asked from the oldest, which go first. Where they are replaced faster, no order
//! helps, and the table has to do without those that went.

use std::ops::Range;

use crate::error::Error;
use crate::kernel::queries::{self, KernelQueries, Scope, Shown};
use crate::kernel::statmount;
use crate::log::debug;
use crate::row::mount_info::MountInfo;
use crate::table::changes::Changes;
use crate::table::consistency::Consistency;
use crate::table::mount_table::{MountTable, UniqueIds};
use crate::table::origin::{Detail, Origin};
use crate::table::row_store::Part;

/// A new table: asks about every mount of a list just made.
pub(crate) fn ask_all(
    scope: &Scope,
    listed: Vec<u64>,
    attempts: u32,
    origin: Origin,
) -> Result<MountTable, Error> {
    let mut table = MountTable::default().read_as(origin);
    fill(&mut table, scope, listed, attempts).map(|()| table)
}

/// Fills a table, which may hold some of the rows already, from a list just made.
pub(crate) fn fill(
    table: &mut MountTable,
    scope: &Scope,
    listed: Vec<u64>,
    attempts: u32,
) -> Result<(), Error> {
    follow_list(table, scope, listed, attempts).map(drop)
}

/// Makes the table what a list of now says, and tells what happened since. After so many `attempts` at one
/// moment, at least one, it does without mounts that went before they could be asked about.
///
/// `None` where the kernel lists mounts but gives no rows, and the lists differ.
pub(crate) fn follow(
    table: &mut MountTable,
    scope: &Scope,
    attempts: u32,
) -> Result<Option<Changes>, Error> {
    let held = table.unique_ids();
    let listed = queries::list(scope, held.shown.len() + held.hidden.len())?;
    if held.hidden.is_empty() && held.shown == listed {
        table.is_of_one_moment();
        return Ok(Some(Changes::default()));
    }
    if KernelQueries::cached() < KernelQueries::Rows {
        return Ok(None);
    }
    let (detached, attached) = follow_list(table, scope, listed, attempts)?;
    let attached = attached.into_iter().map(|place| table.row(place).into());
    Ok(Some(Changes {
        attached: attached.collect(),
        detached,
        ..Changes::default()
    }))
}

/// Makes the table what a list says, or one that had to be made after it. Returns the mounts that went
/// and where those that came are.
fn follow_list(
    table: &mut MountTable,
    scope: &Scope,
    mut listed: Vec<u64>,
    attempts: u32,
) -> Result<(Vec<MountInfo>, Vec<u32>), Error> {
    let mut fresh = Fresh::new(scope, mask_of(table.origin().detail()));
    let mut consistency = Consistency::EveryStableMount;
    for attempt in 1.. {
        let mut new = unknown(table.unique_ids(), &listed, &fresh);
        if attempt % 2 == 0 {
            new.reverse();
        }
        let mut whole = true;
        for id in new {
            whole &= fresh.ask(id)?;
        }
        if whole {
            consistency = Consistency::OneMoment;
            break;
        }
        if attempt >= attempts {
            debug!(
                attempts,
                "mount table kept changing while it was asked about"
            );
            break;
        }
        listed = queries::list(scope, listed.len())?;
    }
    Ok(take(table, &listed, &fresh, consistency))
}

/// All of the list that nothing is known of.
fn unknown(held: &UniqueIds, listed: &[u64], fresh: &Fresh<'_>) -> Vec<u64> {
    let mut shown = Ascending::new(&held.shown);
    let mut is_known = |id| {
        shown.find(id).is_some()
            || held.hidden.binary_search(&id).is_ok()
            || fresh.place(id).is_ok()
    };
    let listed = listed.iter().copied();
    listed.filter(|&id| !is_known(id)).collect()
}

/// Makes the table what the list says, as far as there are rows.
fn take(
    table: &mut MountTable,
    listed: &[u64],
    fresh: &Fresh<'_>,
    consistency: Consistency,
) -> (Vec<MountInfo>, Vec<u32>) {
    let mut parts = Vec::with_capacity(listed.len());
    let mut hidden = Vec::new();
    let mut stays = vec![false; table.len()];
    let held = table.unique_ids();
    let mut shown = Ascending::new(&held.shown);
    for &id in listed {
        if let Some(place) = shown.find(id) {
            stays[place] = true;
            parts.push((id, Part::Held(place)));
        } else if let Some(row) = fresh.row(id) {
            parts.push((id, Part::New(row)));
        } else if fresh.place(id).is_ok() || held.hidden.binary_search(&id).is_ok() {
            hidden.push(id);
        }
    }
    let gone = table.rows().zip(stays).filter(|(_, stays)| !stays);
    let detached = gone.map(|(row, _)| row.into()).collect();
    (detached, table.rebuild(&parts, hidden, consistency))
}

fn mask_of(detail: Detail) -> u64 {
    match detail {
        Detail::Everything => statmount::EVERYTHING,
        Detail::Places => statmount::PLACES,
    }
}

/// Looks up ascending ids in an ascending list, in one pass over it.
struct Ascending<'i> {
    ids: &'i [u64],
    next: usize,
}

impl<'i> Ascending<'i> {
    fn new(ids: &'i [u64]) -> Self {
        Ascending { ids, next: 0 }
    }

    /// The place of `id`, which must be greater than the one asked for before.
    fn find(&mut self, id: u64) -> Option<usize> {
        while self.ids.get(self.next).is_some_and(|&held| held < id) {
            self.next += 1;
        }
        (self.ids.get(self.next) == Some(&id)).then_some(self.next)
    }
}

/// What the kernel said of mounts that the table does not hold.
struct Fresh<'s> {
    scope: &'s Scope,
    mask: u64,
    buffer: Vec<u8>,
    text: Vec<u8>,
    /// By id, ascending: where in `text` its row is; empty: out of reach. Those that were gone are left out.
    found: Vec<(u64, Range<usize>)>,
}

impl<'s> Fresh<'s> {
    fn new(scope: &'s Scope, mask: u64) -> Self {
        Self {
            scope,
            mask,
            buffer: Vec::new(),
            text: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Where in `found` an id is, or would have to go.
    fn place(&self, id: u64) -> Result<usize, usize> {
        match self.found.last() {
            Some((last, _)) if id <= *last => self.found.binary_search_by_key(&id, |(id, _)| *id),
            _ => Err(self.found.len()),
        }
    }

    fn row(&self, id: u64) -> Option<&[u8]> {
        let place = self.place(id).ok()?;
        let row = &self.text[self.found[place].1.clone()];
        (!row.is_empty()).then_some(row)
    }

    /// Asks about one mount; false if it is gone.
    fn ask(&mut self, id: u64) -> Result<bool, Error> {
        let start = self.text.len();
        let (buffer, text) = (&mut self.buffer, &mut self.text);
        if queries::append_row(self.scope, id, self.mask, buffer, text)? == Shown::Gone {
            return Ok(false);
        }
        if let Err(place) = self.place(id) {
            self.found.insert(place, (id, start..self.text.len()));
        }
        Ok(true)
    }
}

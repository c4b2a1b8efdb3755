//! Makes a table agree with the kernel's list of ids, while mounts come and go.
//!
//! A list shows one moment. The table shows the same moment as soon as it has the rows of all
//! listed mounts and no row contradicts another. If a mount goes before it is asked about, another
//! list has to be made. Each list costs what is new in it, not what the table holds.
//!
//! If mounts are replaced nearly as fast as they are asked about, the order of asking decides:
//!
//! 1. The first list is asked about from the oldest mount on. Old mounts mostly stay.
//! 2. The second list is asked about from its newest mount on. New mounts stay longest from now.
//! 3. So most of the third list is known already, and the few that are new are asked about at once.
//!
//! If they are replaced faster, no order helps. The table then leaves out the mounts that went.

use crate::ask::answers::{Answers, Known};
use crate::ask::listing::Listing;
use crate::error::Error;
use crate::kernel::queries::{self, KernelQueries, Scope, Shown};
use crate::kernel::statmount;
use crate::log::debug;
use crate::rows::row_store::RowStore;
use crate::rows::unique_ids::UniqueIds;
use crate::table::changes::Changes;
use crate::table::consistency::Consistency;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Detail, Origin};

/// Makes a new table: asks about every mount of a list that was just made.
pub(crate) fn ask_all(
    scope: &Scope,
    listed: Vec<u64>,
    attempts: u32,
    origin: Origin,
) -> Result<MountTable, Error> {
    let mut table = MountTable::default().read_as(origin);
    follow_list(&mut table, scope, listed, attempts).map(|_| table)
}

/// Makes a table of the rows of a list. Each row is asked for once. A mount that went meanwhile is
/// left out.
pub(crate) fn ask_once(scope: &Scope, listed: &[u64]) -> Result<MountTable, Error> {
    let (mut buffer, mut text, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for &id in listed {
        let row = queries::append_row(scope, id, statmount::EVERYTHING, &mut buffer, &mut text)?;
        if row == Shown::Row {
            text.push(b'\n');
            shown.push(id);
        }
    }
    let (rows, ids) = (RowStore::parse(text), UniqueIds::all_shown(shown));
    // The rows were asked for one after the other, so no single moment is known.
    let known = Consistency::Unknown;
    Ok(MountTable::assemble(rows, ids, Origin::Given, known))
}

/// Makes the table agree with a list of now, and returns what changed. After `attempts` lists (at
/// least one), mounts that went before they could be asked about are left out.
///
/// `None` if the kernel lists mounts but gives no rows, and the list has changed.
pub(crate) fn follow(
    table: &mut MountTable,
    scope: &Scope,
    attempts: u32,
) -> Result<Option<Changes>, Error> {
    let held = table.unique_ids();
    let listed = queries::list(scope, held.shown.len() + held.hidden.len())?;
    let is_settled = table.consistency() == Consistency::OneMoment;
    // No id came and none went: the rows are as good as before.
    if is_settled && held.hidden.is_empty() && held.shown == listed {
        return Ok(Some(Changes::default()));
    }
    // The list shows a change, but single rows cannot be asked for. The caller reads everything.
    if KernelQueries::cached() < KernelQueries::Rows {
        return Ok(None);
    }
    follow_list(table, scope, listed, attempts).map(Some)
}

/// Makes the table agree with a list, or with a later list if mounts of the first one went too
/// soon.
pub(crate) fn follow_list(
    table: &mut MountTable,
    scope: &Scope,
    mut listed: Vec<u64>,
    attempts: u32,
) -> Result<Changes, Error> {
    let mut answers = Answers::new(scope, mask_of(table.origin().detail()));
    for attempt in 1.. {
        let mut new = unknown(table, &listed, &answers);
        // The second list begins with its newest mount: see the head of this file.
        if attempt % 2 == 0 {
            new.reverse();
        }
        let mut is_whole = answers.ask_each(&new)?;
        // A held row may be old by now. Rows that contradict each other are asked for once more.
        let doubts = Listing::of(table, &listed, &answers).doubts();
        is_whole &= answers.ask_each(&doubts)?;
        let listing = Listing::of(table, &listed, &answers);
        let is_clear = doubts.is_empty() || listing.doubts().is_empty();
        if (is_whole && is_clear) || attempt >= attempts {
            let consistency = match (is_whole, is_clear) {
                (true, true) => Consistency::OneMoment,
                (false, true) => Consistency::EveryStableMount,
                (_, false) => Consistency::OrderUnknown,
            };
            debug!(attempt, ?consistency, "asked about the mounts of a list");
            let changes = listing.changes();
            let (parts, hidden) = listing.into_parts();
            table.rebuild(&parts, hidden, consistency);
            return Ok(changes);
        }
        listed = queries::list(scope, listed.len())?;
    }
    unreachable!("the attempts end before the numbers do")
}

/// The ids of the list about which nothing is known yet.
fn unknown(table: &MountTable, listed: &[u64], answers: &Answers<'_>) -> Vec<u64> {
    let held = table.unique_ids();
    let mut shown = held.ascending();
    let mut is_known = |id| {
        shown.find(id).is_some()
            || held.hidden.binary_search(&id).is_ok()
            || matches!(answers.get(id), Some(Known::Row(_) | Known::OutOfReach))
    };
    let listed = listed.iter().copied();
    listed.filter(|&id| !is_known(id)).collect()
}

fn mask_of(detail: Detail) -> u64 {
    match detail {
        Detail::Everything => statmount::EVERYTHING,
        Detail::Places => statmount::PLACES,
    }
}

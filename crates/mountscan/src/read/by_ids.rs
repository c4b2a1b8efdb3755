//! Making a table what the kernel's list of ids says, while mounts come and go. Acts.
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
use crate::row::mount_info::MountInfo;
use crate::table::changes::Changes;
use crate::table::mount_table::{Consistency, MountTable, Part};

impl MountTable {
    /// Makes the table what a listing says, and tells what happened since. After so many `attempts` at one
    /// moment, at least one, it does without mounts that went before they could be asked about.
    pub(crate) fn follow(&mut self, scope: &Scope, attempts: u32) -> Result<Changes, Error> {
        let listed = queries::list(scope, self.len() + self.hidden.len())?;
        if self.hidden.is_empty() && self.unique_ids == listed {
            self.consistency = Consistency::OneMoment;
            return Ok(Changes::default());
        }
        if KernelQueries::cached() < KernelQueries::Rows {
            return self.read_again();
        }
        let (detached, attached) = self.follow_list(scope, listed, attempts)?;
        let attached = attached.into_iter().map(|place| self.row(place).to_owned());
        Ok(Changes {
            attached: attached.collect(),
            detached,
            ..Changes::default()
        })
    }

    /// Fills a table, which may hold some of the rows already, from a list just made.
    pub(crate) fn fill(
        &mut self,
        scope: &Scope,
        listed: Vec<u64>,
        attempts: u32,
    ) -> Result<(), Error> {
        self.follow_list(scope, listed, attempts).map(drop)
    }

    /// Makes the table what a list says, or one that had to be made after it. Returns the mounts that went
    /// and where those that came are.
    fn follow_list(
        &mut self,
        scope: &Scope,
        mut listed: Vec<u64>,
        attempts: u32,
    ) -> Result<(Vec<MountInfo>, Vec<u32>), Error> {
        let mut fresh = Fresh::new(scope, self.origin.detail().mask());
        let mut consistency = Consistency::EveryStableMount;
        for attempt in 1.. {
            let mut new = self.unknown(&listed, &fresh);
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
                tracing::debug!(
                    attempts,
                    "mount table kept changing while it was asked about"
                );
                break;
            }
            listed = queries::list(scope, listed.len())?;
        }
        self.consistency = consistency;
        Ok(self.take(&listed, &fresh))
    }

    /// All of the list that nothing is known of.
    fn unknown(&self, listed: &[u64], fresh: &Fresh<'_>) -> Vec<u64> {
        let mut held = Ascending::new(&self.unique_ids);
        let mut is_known = |id| {
            held.find(id).is_some()
                || self.hidden.binary_search(&id).is_ok()
                || fresh.place(id).is_ok()
        };
        let listed = listed.iter().copied();
        listed.filter(|&id| !is_known(id)).collect()
    }

    /// Makes the table what the list says, as far as there are rows.
    fn take(&mut self, listed: &[u64], fresh: &Fresh<'_>) -> (Vec<MountInfo>, Vec<u32>) {
        let mut parts = Vec::with_capacity(listed.len());
        let mut hidden = Vec::new();
        let mut stays = vec![false; self.len()];
        let mut held = Ascending::new(&self.unique_ids);
        for &id in listed {
            if let Some(place) = held.find(id) {
                stays[place] = true;
                parts.push((id, Part::Held(place)));
            } else if let Some(row) = fresh.row(id) {
                parts.push((id, Part::New(row)));
            } else if fresh.place(id).is_ok() || self.hidden.binary_search(&id).is_ok() {
                hidden.push(id);
            }
        }
        let gone = self.rows().zip(stays).filter(|(_, stays)| !stays);
        let detached = gone.map(|(row, _)| row.to_owned()).collect();
        self.hidden = hidden;
        (detached, self.rebuild(&parts))
    }
}

/// Looks up ascending ids in an ascending list, in one pass over it.
struct Ascending<'i> {
    ids: &'i [u64],
    next: usize,
}

impl<'i> Ascending<'i> {
    fn new(ids: &'i [u64]) -> Ascending<'i> {
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
    fn new(scope: &'s Scope, mask: u64) -> Fresh<'s> {
        Fresh {
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

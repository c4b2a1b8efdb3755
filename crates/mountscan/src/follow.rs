//! Making a table what the kernel's list of ids says, while mounts come and go. Acts.
//!
//! A list is of one moment. The table is of that moment as soon as it has the rows of all that is listed;
//! a mount that went before it could be asked about spoils that, and another list has to be made. So that
//! this ends also where mounts are replaced faster than a whole list is gone through, the ids that came
//! meanwhile are listed and asked about first, again and again until there are none: each such step costs
//! what is new, not what the table holds. Then the next whole list follows at once and shows next to
//! nothing that is not held.

use std::ops::Range;

use crate::changes::Changes;
use crate::error::Error;
use crate::info::MountInfo;
use crate::kernel::{self, KernelQueries, Scope, Shown};
use crate::table::{Consistency, MountTable, Part};

/// Whole lists after which a table that never rests is taken as it is.
const ROUNDS: usize = 100;
/// Lists of what came meanwhile, between two whole ones.
const CATCH_UPS: usize = 100;

impl MountTable {
    /// Makes the table what a listing says, and tells what happened since.
    pub(crate) fn follow(&mut self, scope: &Scope) -> Result<Changes, Error> {
        let listed = kernel::list(scope, self.len() + self.hidden.len())?;
        if self.hidden.is_empty() && self.unique_ids == listed {
            self.consistency = Consistency::OneMoment;
            return Ok(Changes::default());
        }
        if KernelQueries::cached() < KernelQueries::Rows {
            return self.read_again();
        }
        let (detached, attached) = self.follow_list(scope, listed)?;
        let attached = attached.into_iter().map(|place| self.row(place).to_owned());
        Ok(Changes {
            attached: attached.collect(),
            detached,
            ..Changes::default()
        })
    }

    /// Fills a table that is empty, from a list just made.
    pub(crate) fn fill(&mut self, scope: &Scope, listed: Vec<u64>) -> Result<(), Error> {
        self.follow_list(scope, listed).map(drop)
    }

    /// Makes the table what a list says, or one that had to be made after it. Returns the mounts that went
    /// and where those that came are.
    fn follow_list(
        &mut self,
        scope: &Scope,
        mut listed: Vec<u64>,
    ) -> Result<(Vec<MountInfo>, Vec<u32>), Error> {
        let mut fresh = Fresh::new(scope, self.origin.detail().mask());
        for _ in 0..ROUNDS {
            if self.ask_about_new(&listed, &mut fresh)? {
                self.consistency = Consistency::OneMoment;
                return Ok(self.take(&listed, &fresh));
            }
            fresh.catch_up(listed.last().copied().unwrap_or(0))?;
            listed = kernel::list(scope, listed.len())?;
        }
        self.consistency = Consistency::EveryStableMount;
        Ok(self.take(&listed, &fresh))
    }

    /// Asks about all of the list that nothing is known of; false if one of them was gone.
    fn ask_about_new(&self, listed: &[u64], fresh: &mut Fresh<'_>) -> Result<bool, Error> {
        let mut whole = true;
        let mut held = Ascending::new(&self.unique_ids);
        for &id in listed {
            let known = held.find(id).is_some()
                || self.hidden.binary_search(&id).is_ok()
                || fresh.place(id).is_ok();
            whole &= known || fresh.ask(id)?;
        }
        Ok(whole)
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
        if kernel::append_row(self.scope, id, self.mask, buffer, text)? == Shown::Gone {
            return Ok(false);
        }
        if let Err(place) = self.place(id) {
            self.found.insert(place, (id, start..self.text.len()));
        }
        Ok(true)
    }

    /// Asks about what came after the mount `newest`, until nothing does.
    fn catch_up(&mut self, mut newest: u64) -> Result<(), Error> {
        let mut ids = [0; 64];
        for _ in 0..CATCH_UPS {
            let count = kernel::list_after(self.scope, newest, &mut ids)?;
            let Some(&last) = ids[..count].last() else {
                return Ok(());
            };
            for &id in &ids[..count] {
                self.ask(id)?;
            }
            newest = last;
        }
        Ok(())
    }
}

//! Bringing a held table up to date: list, ask about the new ones, again if one of them is gone. Acts.

use crate::changes::Changes;
use crate::error::{Error, ErrorKind};
use crate::kernel::{self, KernelQueries, Scope, Shown};
use crate::source::Origin;
use crate::table::{Consistency, MountTable};

/// How much to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refresh {
    /// Which mounts exist: new ones are asked about, gone ones dropped, held rows kept as they are.
    Existence,
    /// Everything again.
    Everything,
}

/// Rounds of listing after which a table that never rests is taken as it is.
const ROUNDS: usize = 100;

impl MountTable {
    /// Brings a table that was read from the kernel up to date; returns what happened since.
    ///
    /// [`Refresh::Existence`] costs one `listmount` (0.3 to 0.9 ms for 10 000 mounts) and one `statmount` for each new mount on
    /// Linux 6.13 and later. It does not see what leaves existence alone: a move of a mount or of a
    /// directory above it, a remount, a change of propagation. [`Refresh::Everything`] sees them all, for
    /// the price of reading the table. Before 6.13, and for tables of a process, the former does the
    /// latter unless the list of ids (Linux 6.8) shows that nothing is new.
    ///
    /// The first refresh of a table that has no unique ids reads everything, with them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a table made of text or of a file; else as the reading that made it.
    /// The table is then as it was.
    pub fn refresh(&mut self, how: Refresh) -> Result<Changes, Error> {
        if matches!(self.origin, Origin::Given) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "refresh a table that was not read from the kernel",
            ));
        }
        let scope = self
            .origin
            .scope()
            .filter(|_| how == Refresh::Existence && self.has_unique_ids());
        if let Some(scope) = scope.filter(|_| KernelQueries::cached() >= KernelQueries::Ids) {
            match self.follow(&scope) {
                Err(error) if kernel::is_refused(&error) => {}
                followed => return followed,
            }
        }
        self.read_again()
    }

    fn read_again(&mut self) -> Result<Changes, Error> {
        let new = self.origin.read_again()?;
        let changes = new.changes_since(self);
        *self = new;
        Ok(changes)
    }

    /// Makes the table what a listing says. The list is of one moment; when none of its new mounts has
    /// gone before it could be asked about, so is the table. Else once more.
    pub(crate) fn follow(&mut self, scope: &Scope) -> Result<Changes, Error> {
        let listed = kernel::list(scope, self.len() + self.hidden.len())?;
        self.follow_list(scope, listed)
    }

    /// [`follow`](Self::follow) from a list just made.
    pub(crate) fn follow_list(
        &mut self,
        scope: &Scope,
        mut listed: Vec<u64>,
    ) -> Result<Changes, Error> {
        let mut changes = Changes::default();
        for _ in 0..ROUNDS {
            let same = self.hidden.is_empty() && self.unique_ids == listed;
            if !same && KernelQueries::cached() < KernelQueries::Rows {
                return self.read_again();
            }
            if same || self.merge(scope, &listed, &mut changes)? {
                self.consistency = Consistency::OneMoment;
                return Ok(changes);
            }
            listed = kernel::list(scope, listed.len())?;
        }
        self.consistency = Consistency::EveryStableMount;
        Ok(changes)
    }

    /// Makes the table what the list says; false if a mount of the list was gone.
    fn merge(
        &mut self,
        scope: &Scope,
        listed: &[u64],
        changes: &mut Changes,
    ) -> Result<bool, Error> {
        let mut merged = Merged {
            places: Vec::with_capacity(listed.len()),
            hidden: Vec::new(),
            whole: true,
        };
        let mut fresh = Fresh::default();
        let mask = self.origin.detail().mask();
        let mut old = self.unique_ids.iter().copied().enumerate().peekable();
        for &id in listed {
            while old.next_if(|&(_, held)| held < id).is_some() {}
            if let Some((place, _)) = old.next_if(|&(_, held)| held == id) {
                merged.places.push((id, Place::Held(place)));
            } else if self.hidden.binary_search(&id).is_ok() {
                merged.hidden.push(id);
            } else {
                match fresh.ask(scope, id, mask)? {
                    Shown::Row => merged.places.push((id, Place::New(fresh.rows.len() - 1))),
                    Shown::OutOfReach => merged.hidden.push(id),
                    Shown::Gone => merged.whole = false,
                }
            }
        }
        let whole = merged.whole;
        self.apply(merged, &fresh, changes);
        Ok(whole)
    }

    fn apply(&mut self, merged: Merged, fresh: &Fresh, changes: &mut Changes) {
        let mut stays = vec![false; self.len()];
        for (_, place) in &merged.places {
            if let Place::Held(place) = place {
                stays[*place] = true;
            }
        }
        for (row, _) in self.rows().zip(&stays).filter(|(_, stays)| !**stays) {
            // One that came and went while we listed is as if it had never been.
            let known = changes
                .attached
                .iter()
                .position(|info| info.unique_id == row.unique_id());
            match known {
                Some(at) => drop(changes.attached.remove(at)),
                None => changes.detached.push(row.to_owned()),
            }
        }
        let parts: Vec<(u64, Result<usize, &[u8]>)> = merged
            .places
            .iter()
            .map(|(id, place)| match place {
                Place::Held(place) => (*id, Ok(*place)),
                Place::New(row) => (*id, Err(fresh.row(*row))),
            })
            .collect();
        let attached = self.rebuild(&parts);
        self.hidden = merged.hidden;
        for place in attached {
            changes.attached.push(self.row(place).to_owned());
        }
    }
}

/// The table to be.
struct Merged {
    places: Vec<(u64, Place)>,
    hidden: Vec<u64>,
    /// No mount of the list was gone.
    whole: bool,
}

enum Place {
    /// A row that is held already.
    Held(usize),
    /// One of those just asked for.
    New(usize),
}

/// Rows just asked for.
#[derive(Default)]
struct Fresh {
    buffer: Vec<u8>,
    text: Vec<u8>,
    /// Ends of the rows in `text`.
    rows: Vec<usize>,
}

impl Fresh {
    fn ask(&mut self, scope: &Scope, id: u64, mask: u64) -> Result<Shown, Error> {
        let shown = kernel::append_row(scope, id, mask, &mut self.buffer, &mut self.text)?;
        if shown == Shown::Row {
            self.rows.push(self.text.len());
        }
        Ok(shown)
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.rows[row - 1] };
        &self.text[start..self.rows[row]]
    }
}

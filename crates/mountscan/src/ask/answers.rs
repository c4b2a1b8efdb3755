//! Keeps the kernel's answers about single mounts.

use std::ops::Range;

use crate::error::Error;
use crate::kernel::queries::{self, Scope, Shown};
use crate::row::borrowed::Row;
use crate::row::parse::{Fields, parse_fields};

/// The latest answer about each mount that was asked about.
pub(crate) struct Answers<'s> {
    scope: &'s Scope,
    mask: u64,
    buffer: Vec<u8>,
    text: Vec<u8>,
    /// By id, ascending.
    found: Vec<(u64, Found)>,
}

enum Found {
    /// The range of its row in the text.
    Row(Range<usize>, Fields),
    OutOfReach,
    Gone,
}

/// What the kernel has said about one mount.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known<'a> {
    Row(Row<'a>),
    /// It is there, but no path leads to it. So it has no row.
    OutOfReach,
    /// It is gone. A later list will not have it.
    Gone,
}

impl<'s> Answers<'s> {
    pub(crate) fn new(scope: &'s Scope, mask: u64) -> Self {
        Self {
            scope,
            mask,
            buffer: Vec::new(),
            text: Vec::new(),
            found: Vec::new(),
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<Known<'_>> {
        let place = self.place(id).ok()?;
        Some(match &self.found[place].1 {
            Found::Row(range, fields) => {
                Known::Row(Row::new(&self.text[range.clone()], *fields, id, u32::MAX))
            }
            Found::OutOfReach => Known::OutOfReach,
            Found::Gone => Known::Gone,
        })
    }

    /// Asks about each of these mounts, even if an answer is known. False if one of them is gone.
    pub(crate) fn ask_each(&mut self, ids: &[u64]) -> Result<bool, Error> {
        let mut is_whole = true;
        for &id in ids {
            is_whole &= self.ask(id)?;
        }
        Ok(is_whole)
    }

    fn ask(&mut self, id: u64) -> Result<bool, Error> {
        let start = self.text.len();
        let (buffer, text) = (&mut self.buffer, &mut self.text);
        let found = match queries::append_row(self.scope, id, self.mask, buffer, text)? {
            Shown::Row => match parse_fields(&self.text[start..]) {
                Ok(fields) => Found::Row(start..self.text.len(), fields),
                // A text that mountinfo could not have is no row.
                Err(_) => Found::OutOfReach,
            },
            Shown::OutOfReach => Found::OutOfReach,
            Shown::Gone => Found::Gone,
        };
        let is_there = !matches!(found, Found::Gone);
        match self.place(id) {
            Ok(place) => self.found[place].1 = found,
            Err(place) => self.found.insert(place, (id, found)),
        }
        Ok(is_there)
    }

    /// The place of an id in `found`, or the place where it has to be inserted.
    fn place(&self, id: u64) -> Result<usize, usize> {
        // Most ids are asked about, and looked for, in ascending order.
        match self.found.last() {
            Some((last, _)) if id <= *last => self.found.binary_search_by_key(&id, |(id, _)| *id),
            _ => Err(self.found.len()),
        }
    }
}

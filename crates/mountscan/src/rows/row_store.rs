//! Holds text and the places of the rows in it.

use std::io::{BufReader, Read};
use std::ops::ControlFlow;

use memchr::memchr_iter;

use crate::error::Error;
use crate::index::row_index::{NONE, RowSource};
use crate::log::debug;
use crate::row::borrowed::Row;
use crate::row::parse::{Fields, MalformedRow};
use crate::row::stream::{for_each_row, rows};
use crate::rows::replaced::survivors;

/// No row is shorter: `1 1 0:1 / / r - t  `.
const MIN_ROW: usize = 16;
/// How many malformed rows are kept. More are only counted, so that junk does not cost memory.
const MAX_MALFORMED: usize = 100_000;
/// How many bytes a reader is asked for at once: the cheapest size for a mountinfo file.
const STEP: usize = 2048;

/// The rows of a table, parsed, and the text that they borrow from.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowStore {
    /// After a refresh it may also hold rows that are gone.
    text: Vec<u8>,
    entries: Vec<Entry>,
    malformed: Vec<MalformedRow>,
    malformed_count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    length: u32,
    fields: Fields,
}

/// A row from which a store is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'r> {
    /// A row that the store holds already, by place.
    Held(usize),
    /// A row of other text.
    New(Row<'r>),
}

impl RowStore {
    /// Parses text. Malformed rows are kept separately.
    pub(crate) fn parse(text: Vec<u8>) -> Self {
        let most = (memchr_iter(b'\n', &text).count() + 1).min(text.len() / MIN_ROW + 1);
        let mut store = Self::default();
        store.entries.reserve_exact(most);
        for row in rows(&text) {
            match row {
                Ok(row) => {
                    let start = row.as_bytes().as_ptr() as usize - text.as_ptr() as usize;
                    store.push_entry(start, &row);
                }
                Err(row) => store.push_malformed(row),
            }
        }
        if store.entries.len() < most / 2 {
            store.entries.shrink_to_fit();
        }
        store.text = text;
        store
    }

    /// Reads to the end of a reader. Only rows are held, so junk costs no memory.
    pub(crate) fn read(reader: impl Read) -> Result<Self, Error> {
        let mut store = Self::default();
        for_each_row(BufReader::with_capacity(STEP, reader), |row| {
            match row {
                Ok(row) => {
                    store.push_entry(store.text.len(), &row);
                    store.text.extend_from_slice(row.as_bytes());
                }
                Err(row) => store.push_malformed(row),
            }
            ControlFlow::<()>::Continue(())
        })?;
        Ok(store)
    }

    pub(crate) fn malformed(&self) -> &[MalformedRow] {
        &self.malformed
    }

    pub(crate) fn malformed_count(&self) -> usize {
        self.malformed_count
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn fields(&self, place: usize) -> &Fields {
        &self.entries[place].fields
    }

    pub(crate) fn line(&self, place: usize) -> &[u8] {
        self.entries[place].line(&self.text)
    }

    /// The line at a place, if there is one.
    pub(crate) fn get(&self, place: usize) -> Option<&[u8]> {
        Some(self.entries.get(place)?.line(&self.text))
    }

    /// About how many bytes the rows make as text.
    pub(crate) fn text_size(&self) -> usize {
        self.text.len()
    }

    /// Keeps the first rows. Malformed rows are forgotten, because their place in the rest is not
    /// known.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.malformed.clear();
        self.malformed_count = 0;
        self.entries.truncate(count);
    }

    /// Keeps the rows for which `keep` is true, by place.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut places = keep.iter();
        self.entries
            .retain(|_| places.next().is_some_and(|keep| *keep));
        self.compact();
    }

    /// The rows, without a table.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|place| Row::loose(self.line(place), *self.fields(place)))
    }

    /// Drops rows of mounts that were gone before the reading ended.
    pub(crate) fn drop_replaced(&mut self) {
        if let Some(keep) = survivors(self.rows()) {
            debug!(
                rows = self.len(),
                "a reading shows mounts that went meanwhile"
            );
            self.retain(&keep);
        }
    }

    /// Makes the store anew from rows that it holds and rows of other text.
    pub(crate) fn rebuild<'r>(&mut self, parts: impl Iterator<Item = Part<'r>>) {
        let mut entries = Vec::with_capacity(parts.size_hint().0);
        for part in parts {
            entries.push(match part {
                Part::Held(place) => self.entries[place],
                Part::New(row) => self.append(row),
            });
        }
        self.entries = entries;
        self.compact();
    }

    fn append(&mut self, row: Row<'_>) -> Entry {
        let start = self.text.len();
        self.text.extend_from_slice(row.as_bytes());
        Entry {
            start,
            length: row.as_bytes().len() as u32,
            fields: row.fields(),
        }
    }

    /// Frees the text of rows that are gone, when it is the larger part.
    fn compact(&mut self) {
        const SLACK: usize = 64 << 10;
        let live: usize = self.entries.iter().map(|entry| entry.length as usize).sum();
        if self.text.len() <= 2 * live + SLACK {
            return;
        }
        let mut text = Vec::with_capacity(live);
        for entry in &mut self.entries {
            let start = text.len();
            text.extend_from_slice(entry.line(&self.text));
            entry.start = start;
        }
        self.text = text;
    }

    /// Adds a row whose text is, or will be, at `start`.
    fn push_entry(&mut self, start: usize, row: &Row<'_>) {
        if self.entries.len() == NONE as usize {
            self.malformed_count += 1;
            return;
        }
        self.entries.push(Entry {
            start,
            length: row.as_bytes().len() as u32,
            fields: row.fields(),
        });
    }

    fn push_malformed(&mut self, row: MalformedRow) {
        self.malformed_count += 1;
        if self.malformed.len() < MAX_MALFORMED {
            self.malformed.push(row);
        }
    }
}

impl RowSource for RowStore {
    fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    fn ids(&self, row: u32) -> (u32, u32) {
        let fields = self.fields(row as usize);
        (fields.mount_id, fields.parent_id)
    }

    fn raw_point(&self, row: u32) -> &[u8] {
        self.fields(row as usize).raw_point(self.line(row as usize))
    }
}

impl Entry {
    fn line<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.start..self.start + self.length as usize]
    }
}

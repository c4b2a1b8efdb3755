//! Tables made of text: bytes, a reader, a file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use memchr::memchr_iter;

use crate::error::Error;
use crate::read::mountinfo::STEP;
use crate::row::borrowed::Row;
use crate::row::parse::MalformedRow;
use crate::row::stream::{for_each_row, rows};
use crate::table::index::NONE;
use crate::table::mount_table::{Entry, MountTable};

/// No row is shorter: `1 1 0:1 / / r - t  `.
const MIN_ROW: usize = 16;
/// Malformed rows that are kept; more are only counted, so that junk does not cost memory.
const MAX_MALFORMED: usize = 100_000;

impl MountTable {
    /// Reads a table from text; rows that are not of mountinfo's form are left to [`malformed`](Self::malformed).
    #[must_use]
    pub fn from_bytes(text: impl Into<Vec<u8>>) -> MountTable {
        let text = text.into();
        let most = (memchr_iter(b'\n', &text).count() + 1).min(text.len() / MIN_ROW + 1);
        let mut table = MountTable::default();
        table.entries.reserve_exact(most);
        for row in rows(&text) {
            match row {
                Ok(row) => {
                    let start = row.as_bytes().as_ptr() as usize - text.as_ptr() as usize;
                    table.push_entry(start, &row);
                }
                Err(row) => table.push_malformed(row),
            }
        }
        if table.entries.len() < most / 2 {
            table.entries.shrink_to_fit();
        }
        table.text = text;
        table
    }

    /// Reads a table from an open file or any other reader, to its end. Malformed rows are left to
    /// [`malformed`](Self::malformed).
    ///
    /// What is not a row is not held: memory is bounded by the rows, of which none may be longer than
    /// [`MAX_ROW_BYTES`](crate::MAX_ROW_BYTES).
    ///
    /// # Errors
    ///
    /// The reader's failure.
    pub fn from_reader(reader: impl Read) -> Result<MountTable, Error> {
        let mut table = MountTable::default();
        for_each_row(BufReader::with_capacity(STEP, reader), |row| {
            match row {
                Ok(row) => {
                    table.push_entry(table.text.len(), &row);
                    table.text.extend_from_slice(row.as_bytes());
                }
                Err(row) => table.push_malformed(row),
            }
            ControlFlow::<()>::Continue(())
        })?;
        Ok(table)
    }

    /// Reads a table from a file, such as one captured on another host, as [`from_reader`](Self::from_reader) does.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read.
    pub fn from_file(path: &Path) -> Result<MountTable, Error> {
        let file = File::open(path).map_err(|cause| Error::at("open", path, cause))?;
        MountTable::from_reader(file).map_err(|error| error.reading(path))
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

    /// Reads a table from text and refuses it when a row is malformed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) with the first such row.
    pub fn from_bytes_strict(text: impl Into<Vec<u8>>) -> Result<MountTable, Error> {
        let text = text.into();
        match rows(&text).find_map(Result::err) {
            Some(row) => Err(Error::row(row)),
            None => Ok(MountTable::from_bytes(text)),
        }
    }
}

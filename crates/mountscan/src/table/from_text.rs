//! Makes tables of text: of bytes, a reader, a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::rows::row_store::RowStore;
use crate::rows::unique_ids::UniqueIds;
use crate::table::consistency::Consistency;
use crate::table::mount_table::MountTable;
use crate::table::origin::Origin;

impl MountTable {
    /// Reads a table from text. A malformed row goes to [`malformed`](Self::malformed).
    pub fn from_bytes(text: impl Into<Vec<u8>>) -> Self {
        Self::given(RowStore::parse(text.into()))
    }

    /// Reads a table from text and refuses it when a row is malformed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) with the first such row.
    pub fn from_bytes_strict(text: impl Into<Vec<u8>>) -> Result<Self, Error> {
        Self::from_bytes(text).strict()
    }

    /// Reads a table from an open file or any other reader, to its end. Malformed rows go to
    /// [`malformed`](Self::malformed).
    ///
    /// Only rows are held in memory. No row may be longer than
    /// [`MAX_ROW_BYTES`](crate::MAX_ROW_BYTES).
    ///
    /// # Errors
    ///
    /// The reader's failure.
    pub fn from_reader(reader: impl Read) -> Result<Self, Error> {
        RowStore::read(reader).map(Self::given)
    }

    /// Reads a table from a file, such as one captured on another host, as
    /// [`from_reader`](Self::from_reader) does.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|cause| Error::at("open", path, cause))?;
        Self::from_reader(file).map_err(|error| error.reading(path))
    }

    /// Returns the table if no row of it was malformed. This makes reading of bytes, a reader or a
    /// file strict.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) with the first such row.
    ///
    /// # Examples
    ///
    /// ```
    /// let table = mountscan::MountTable::from_reader(&b"not a row\n"[..]).unwrap();
    /// assert_eq!(table.strict().unwrap_err().malformed().unwrap().line, 1);
    /// ```
    pub fn strict(self) -> Result<Self, Error> {
        match self.malformed().first() {
            Some(row) => Err(Error::row(*row)),
            None => Ok(self),
        }
    }

    fn given(rows: RowStore) -> Self {
        Self::assemble(
            rows,
            UniqueIds::default(),
            Origin::Given,
            Consistency::Unknown,
        )
    }
}

//! The table: text and the rows found in it. Touches nothing outside.

use std::fmt;
use std::sync::OnceLock;

use crate::read::by_source::Origin;
use crate::row::borrowed::Row;
use crate::row::parse::{Fields, MalformedRow, parse_fields};
use crate::table::index::{Index, RowSource};
use crate::table::query::Groups;
use crate::table::replaced;

/// What is known about the moment, or moments, that a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consistency {
    /// All rows were there at one moment.
    OneMoment,
    /// Every mount that was there during the whole reading is shown, exactly once; others may be shown or not.
    EveryStableMount,
    /// A kernel before 5.8 that kept changing its table: a mount may be missing.
    MayMissMounts,
    /// The text came from the caller: nothing is known.
    Unknown,
}

/// A mount table: its text and an index to it.
///
/// Rows are views that borrow from the table. The text is parsed once, when the table is made; the index
/// behind the queries is built at the first query, in one pass and a sort. Queries cost the logarithm of the table's size plus the
/// answer, unless they say otherwise.
///
/// Paths are compared byte by byte and by component; links and `..` are not resolved, so give canonical
/// ones. A table is only ever a picture: a mount can be gone, or a directory above it renamed, by the time
/// an answer is used.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// let table = mountscan::MountTable::from_bytes("\
/// 1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
/// 2 1 0:5 / /proc rw shared:2 - proc proc rw
/// 3 1 0:6 / /mnt rw - tmpfs one rw
/// 4 3 0:7 / /mnt rw - tmpfs two rw
/// ");
/// assert_eq!(table.topmost(Path::new("/mnt")).unwrap().source().to_str(), Some("two"));
/// assert_eq!(table.mount_of(Path::new("/proc/1")).unwrap().fs_type().to_str(), Some("proc"));
/// ```
pub struct MountTable {
    /// What the rows borrow from. After a refresh it may hold rows that are no more.
    pub(crate) text: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    /// One per entry and ascending, where the route gives them; else empty.
    pub(crate) unique_ids: Vec<u64>,
    /// Unique ids of mounts in scope that have no row, because no path leads to them.
    pub(crate) hidden: Vec<u64>,
    pub(crate) origin: Origin,
    pub(crate) malformed: Vec<MalformedRow>,
    pub(crate) malformed_count: usize,
    pub(crate) consistency: Consistency,
    index: OnceLock<Index>,
    groups: OnceLock<Groups>,
}

/// One row of a table to be.
#[derive(Clone, Copy)]
pub(crate) enum Part<'r> {
    /// A row that is held already, by place.
    Held(usize),
    /// A line of other text.
    New(&'r [u8]),
}

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) start: usize,
    pub(crate) length: u32,
    pub(crate) fields: Fields,
}

impl MountTable {
    /// Rows that could not be read, in order; the first 100 000 of them.
    pub fn malformed(&self) -> &[MalformedRow] {
        &self.malformed
    }

    /// How many rows could not be read.
    pub fn malformed_count(&self) -> usize {
        self.malformed_count
    }

    /// What is known about the moment that the table shows.
    pub fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// Removes rows that a torn reading shows although another mount has taken their place: of two rows with
    /// the same mount id, or with the same parent id and mount point, the later one stays. Returns how many.
    ///
    /// Sound for text read from a kernel: it never has two such mounts at once (a stacked mount has the lower
    /// one as parent), and rows read later show a later moment. Tables that this crate reads from a kernel
    /// have been treated so; text of the caller's is left as it is.
    pub fn drop_replaced(&mut self) -> usize {
        let before = self.entries.len();
        let keep = replaced::survivors(before, |row| {
            let entry = &self.entries[row];
            let point = entry.fields.raw_point(entry.line(&self.text));
            (entry.fields.mount_id, entry.fields.parent_id, point)
        });
        if let Some(keep) = keep {
            self.retain(&keep);
        }
        before - self.entries.len()
    }

    /// The rows as text of mountinfo.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.text.len());
        for row in self.rows() {
            text.extend_from_slice(row.as_bytes());
            text.push(b'\n');
        }
        text
    }

    /// Whether the rows have their unique ids.
    pub fn has_unique_ids(&self) -> bool {
        !self.unique_ids.is_empty() || self.entries.is_empty()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All rows, in the order of the table, which is the order of age on Linux 6.8 and later.
    pub fn rows(
        &self,
    ) -> impl ExactSizeIterator<Item = Row<'_>> + DoubleEndedIterator + Clone + use<'_> {
        (0..self.entries.len()).map(|place| self.row(place as u32))
    }

    /// Makes the table anew of rows it has (by place) and rows of other text, each with its unique id.
    /// Returns where the latter are now.
    pub(crate) fn rebuild(&mut self, parts: &[(u64, Part<'_>)]) -> Vec<u32> {
        let mut entries = Vec::with_capacity(parts.len());
        let mut unique_ids = Vec::with_capacity(parts.len());
        let mut attached = Vec::new();
        for &(id, part) in parts {
            let entry = match part {
                Part::Held(place) => self.entries[place],
                Part::New(row) => {
                    let Ok(fields) = parse_fields(row) else {
                        continue;
                    };
                    attached.push(entries.len() as u32);
                    let start = self.text.len();
                    self.text.extend_from_slice(row);
                    Entry {
                        start,
                        length: row.len() as u32,
                        fields,
                    }
                }
            };
            entries.push(entry);
            unique_ids.push(id);
        }
        self.unique_ids = unique_ids;
        self.entries = entries;
        self.forget_indexes();
        self.compact();
        attached
    }

    /// Frees the text of rows that are no more, once it is the larger part.
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

    /// Keeps the first rows alone, which have these unique ids; all else is to be asked about.
    pub(crate) fn keep_first(&mut self, unique_ids: &[u64]) {
        self.malformed.clear();
        self.malformed_count = 0;
        self.entries.truncate(unique_ids.len());
        self.unique_ids = unique_ids.to_vec();
        self.forget_indexes();
    }

    /// Keeps the rows for which `keep`, by place, is true.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut places = keep.iter();
        self.entries
            .retain(|_| places.next().is_some_and(|keep| *keep));
        let mut places = keep.iter();
        self.unique_ids
            .retain(|_| places.next().is_some_and(|keep| *keep));
        self.forget_indexes();
        self.compact();
    }

    pub(crate) fn row(&self, place: u32) -> Row<'_> {
        let entry = &self.entries[place as usize];
        let unique = self.unique_ids.get(place as usize).copied().unwrap_or(0);
        Row::new(entry.line(&self.text), entry.fields, unique, place)
    }

    /// Where a row stands here; a row of another table is looked for by its id.
    pub(crate) fn place(&self, row: Row<'_>) -> Option<u32> {
        match self.entries.get(row.place()) {
            Some(entry) if entry.line(&self.text).as_ptr() == row.as_bytes().as_ptr() => {
                Some(row.place() as u32)
            }
            _ => self.index().by_id(row.mount_id().0),
        }
    }

    pub(crate) fn source(&self) -> TableRows<'_> {
        TableRows {
            text: &self.text,
            entries: &self.entries,
        }
    }

    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::build(&self.source()))
    }

    pub(crate) fn groups(&self) -> &Groups {
        self.groups.get_or_init(|| Groups::build(self))
    }

    fn forget_indexes(&mut self) {
        self.index = OnceLock::new();
        self.groups = OnceLock::new();
    }
}

impl Default for MountTable {
    /// A table without rows.
    fn default() -> MountTable {
        MountTable {
            text: Vec::new(),
            entries: Vec::new(),
            unique_ids: Vec::new(),
            hidden: Vec::new(),
            origin: Origin::Given,
            malformed: Vec::new(),
            malformed_count: 0,
            consistency: Consistency::Unknown,
            index: OnceLock::new(),
            groups: OnceLock::new(),
        }
    }
}

impl fmt::Debug for MountTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}

impl Entry {
    fn line<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.start..self.start + self.length as usize]
    }
}

/// The rows as the index sees them.
pub(crate) struct TableRows<'t> {
    text: &'t [u8],
    entries: &'t [Entry],
}

impl RowSource for TableRows<'_> {
    fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    fn ids(&self, row: u32) -> (u32, u32) {
        let fields = &self.entries[row as usize].fields;
        (fields.mount_id, fields.parent_id)
    }

    fn raw_point(&self, row: u32) -> &[u8] {
        let entry = &self.entries[row as usize];
        entry.fields.raw_point(entry.line(self.text))
    }
}

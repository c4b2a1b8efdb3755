//! The table: its rows, their unique ids, and what is known about both.

use std::fmt;
use std::sync::OnceLock;

use crate::id_maps::IdMaps;
use crate::index::peer_groups::Groups;
use crate::index::row_index::Index;
use crate::row::borrowed::Row;
use crate::row::parse::MalformedRow;
use crate::rows::replaced;
use crate::rows::row_store::{Part, RowStore};
use crate::rows::unique_ids::UniqueIds;
use crate::table::consistency::Consistency;
use crate::table::origin::Origin;

/// A mount table: its text and an index to it.
///
/// Rows are views that borrow from the table. The text is parsed once, when the table is made. The
/// first query builds the index, in one pass and a sort. Queries cost the logarithm of the table's
/// size plus the answer, unless they say otherwise.
///
/// Paths are compared byte by byte and by component. Links and `..` are not resolved, so give
/// canonical paths. A table shows the past: when you use an answer, a mount can be gone, or a
/// directory above it renamed.
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
#[derive(Clone)]
pub struct MountTable {
    rows: RowStore,
    ids: UniqueIds,
    origin: Origin,
    consistency: Consistency,
    /// The id maps of the idmapped mounts, by unique id, ascending; `None` if they are not wanted.
    id_maps: Option<Vec<(u64, IdMaps)>>,
    index: OnceLock<Index>,
    groups: OnceLock<Groups>,
}

impl MountTable {
    /// Every table is made here.
    pub(crate) fn assemble(
        rows: RowStore,
        ids: UniqueIds,
        origin: Origin,
        consistency: Consistency,
    ) -> Self {
        debug_assert!(ids.shown.is_empty() || ids.shown.len() == rows.len());
        Self {
            rows,
            ids,
            origin,
            consistency,
            id_maps: None,
            index: OnceLock::new(),
            groups: OnceLock::new(),
        }
    }

    /// The rows that could not be read, in order; at most the first 100 000.
    pub fn malformed(&self) -> &[MalformedRow] {
        self.rows.malformed()
    }

    /// How many rows could not be read.
    pub fn malformed_count(&self) -> usize {
        self.rows.malformed_count()
    }

    /// What is known about the moment that the table shows.
    pub fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// Whether the unique ids of the rows are known.
    pub fn has_unique_ids(&self) -> bool {
        !self.ids.shown.is_empty() || self.is_empty()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows, in the order of the table. On Linux 6.8 and later that is the order of age.
    pub fn rows(
        &self,
    ) -> impl ExactSizeIterator<Item = Row<'_>> + DoubleEndedIterator + Clone + use<'_> {
        (0..self.len()).map(|place| self.row(place as u32))
    }

    /// The rows as text of mountinfo.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.rows.text_size());
        for row in self.rows() {
            text.extend_from_slice(row.as_bytes());
            text.push(b'\n');
        }
        text
    }

    /// Removes rows of mounts that were gone before the reading ended: of two rows with the same
    /// mount id the later one stays. Returns how many were removed.
    ///
    /// This is right for text from a kernel. A kernel uses an id for one mount at a time, and a row
    /// that was read later shows a later moment. Nothing else proves that a mount is gone. Of two
    /// mounts with the same parent and mount point, the earlier may be alive: the later came
    /// beneath it, or the earlier has been moved. Tables that this crate reads from a kernel are
    /// cleared in this way. A table of the caller's text is left as it is.
    pub fn drop_replaced(&mut self) -> usize {
        let before = self.len();
        if let Some(keep) = replaced::survivors(self.rows()) {
            self.retain(&keep);
        }
        before - self.len()
    }

    /// Keeps the rows for which `keep` is true, by place.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        self.rows.retain(keep);
        let mut places = keep.iter();
        self.ids
            .shown
            .retain(|_| places.next().is_some_and(|keep| *keep));
        self.forget_indexes();
    }

    /// Makes the table anew from rows that it holds and from other rows, each with its unique id.
    pub(crate) fn rebuild(
        &mut self,
        parts: &[(u64, Part<'_>)],
        hidden: Vec<u64>,
        consistency: Consistency,
    ) {
        self.rows.rebuild(parts.iter().map(|(_, part)| *part));
        let shown = parts.iter().map(|(id, _)| *id).collect();
        self.ids = UniqueIds { shown, hidden };
        self.consistency = consistency;
        self.forget_indexes();
    }

    /// The same rows with another origin: they are a part of what was read.
    pub(crate) fn read_as(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// The known id maps; `None` if they are not wanted.
    pub(crate) fn id_maps(&self) -> Option<&[(u64, IdMaps)]> {
        self.id_maps.as_deref()
    }

    /// Sets the id maps of the idmapped mounts, by unique id, ascending.
    pub(crate) fn set_id_maps(&mut self, maps: Vec<(u64, IdMaps)>) {
        self.id_maps = Some(maps);
    }

    /// Sets the unique id of each row, ascending.
    pub(crate) fn set_unique_ids(&mut self, shown: Vec<u64>) {
        debug_assert_eq!(shown.len(), self.len());
        self.ids = UniqueIds::all_shown(shown);
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn unique_ids(&self) -> &UniqueIds {
        &self.ids
    }

    pub(crate) fn store(&self) -> &RowStore {
        &self.rows
    }

    pub(crate) fn row(&self, place: u32) -> Row<'_> {
        let at = place as usize;
        let unique = self.ids.shown.get(at).copied().unwrap_or(0);
        let row = Row::new(self.rows.line(at), *self.rows.fields(at), unique, place);
        match &self.id_maps {
            Some(maps) => row.with_id_maps(find_maps(maps, unique)),
            None => row,
        }
    }

    /// The place of a row in this table. A row of another table is looked for by its id.
    pub(crate) fn place(&self, row: Row<'_>) -> Option<u32> {
        match self.rows.get(row.place()) {
            Some(line) if line.as_ptr() == row.as_bytes().as_ptr() => Some(row.place() as u32),
            _ => self.index().by_id(row.mount_id().0),
        }
    }

    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::build(&self.rows))
    }

    pub(crate) fn groups(&self) -> &Groups {
        self.groups.get_or_init(|| Groups::build(self.rows()))
    }

    fn forget_indexes(&mut self) {
        self.index = OnceLock::new();
        self.groups = OnceLock::new();
    }
}

fn find_maps(maps: &[(u64, IdMaps)], unique: u64) -> Option<&IdMaps> {
    let place = maps.binary_search_by_key(&unique, |(id, _)| *id).ok()?;
    Some(&maps[place].1)
}

impl Default for MountTable {
    /// A table without rows.
    fn default() -> Self {
        Self::assemble(
            RowStore::default(),
            UniqueIds::default(),
            Origin::Given,
            Consistency::Unknown,
        )
    }
}

impl fmt::Debug for MountTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}

//! The table: text, rows found in it, and queries by structure. Decides; touches nothing outside.

use std::borrow::Cow;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::OnceLock;

use memchr::memchr_iter;

use crate::error::Error;
use crate::index::{Index, NONE, RowSource};
use crate::live;
use crate::propagation::PeerGroup;
use crate::row::{Fields, MalformedRow, MountId, Row, UniqueMountId};
use crate::stream::rows;

/// No row is shorter: `1 1 0:1 / / r - t  `.
const MIN_ROW: usize = 16;
/// Malformed rows that are kept; more are only counted, so that junk does not cost memory.
const MAX_MALFORMED: usize = 100_000;

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
    text: Vec<u8>,
    entries: Vec<Entry>,
    /// One per entry where the route gives them, else empty.
    unique_ids: Vec<u64>,
    malformed: Vec<MalformedRow>,
    malformed_count: usize,
    consistency: Consistency,
    index: OnceLock<Index>,
}

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    start: usize,
    length: u32,
    fields: Fields,
}

impl MountTable {
    /// Reads a table from text; rows that are not of mountinfo's form are left to [`malformed`](Self::malformed).
    #[must_use]
    pub fn from_bytes(text: impl Into<Vec<u8>>) -> MountTable {
        let text = text.into();
        let most = (memchr_iter(b'\n', &text).count() + 1).min(text.len() / MIN_ROW + 1);
        let mut entries = Vec::with_capacity(most);
        let (mut malformed, mut malformed_count) = (Vec::new(), 0);
        for row in rows(&text) {
            match row {
                Ok(row) if entries.len() < NONE as usize => entries.push(Entry::of(&row, &text)),
                Ok(_) => malformed_count += 1,
                Err(row) => {
                    malformed_count += 1;
                    if malformed.len() < MAX_MALFORMED {
                        malformed.push(row);
                    }
                }
            }
        }
        if entries.len() < most / 2 {
            entries.shrink_to_fit();
        }
        let (unique_ids, consistency, index) = (Vec::new(), Consistency::Unknown, OnceLock::new());
        MountTable {
            text,
            entries,
            unique_ids,
            malformed,
            malformed_count,
            consistency,
            index,
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

    /// Rows that could not be read, in order; the first 100 000 of them.
    #[must_use]
    pub fn malformed(&self) -> &[MalformedRow] {
        &self.malformed
    }

    /// How many rows could not be read.
    #[must_use]
    pub fn malformed_count(&self) -> usize {
        self.malformed_count
    }

    /// What is known about the moment that the table shows.
    #[must_use]
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
        let keep = live::survivors(self.entries.iter().map(|entry| {
            let fields = &entry.fields;
            (
                fields.mount_id,
                fields.parent_id,
                fields.raw_point(entry.line(&self.text)),
            )
        }));
        if let Some(keep) = keep {
            let mut place = 0;
            self.entries.retain(|_| (keep[place], place += 1).0);
            place = 0;
            self.unique_ids.retain(|_| (keep[place], place += 1).0);
            self.index = OnceLock::new();
        }
        before - self.entries.len()
    }

    /// The table as read from a kernel.
    pub(crate) fn live(mut self) -> MountTable {
        self.drop_replaced();
        self.consistency = Consistency::EveryStableMount;
        self
    }

    /// The text that the rows borrow from, as it was read.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All rows, in the order of the table, which is the order of age on Linux 6.8 and later.
    pub fn rows(
        &self,
    ) -> impl ExactSizeIterator<Item = Row<'_>> + DoubleEndedIterator + Clone + use<'_> {
        (0..self.entries.len()).map(|place| self.row(place as u32))
    }

    /// The row of this id; the last one, should a torn table show an id twice.
    #[must_use]
    pub fn by_id(&self, id: MountId) -> Option<Row<'_>> {
        self.index().by_id(id.0).map(|row| self.row(row))
    }

    /// The row of this unique id. `None` also for tables read by a route that does not give them.
    #[must_use]
    pub fn by_unique_id(&self, id: UniqueMountId) -> Option<Row<'_>> {
        let place = self
            .unique_ids
            .iter()
            .position(|&unique| unique == id.0 && unique != 0)?;
        Some(self.row(place as u32))
    }

    /// Rows mounted at `path` or below it, by component, in the order of the table.
    ///
    /// `/` is the whole table. A trailing slash does not matter.
    pub fn under(&self, path: &Path) -> impl ExactSizeIterator<Item = Row<'_>> + use<'_> {
        let path = normal(path);
        let mut places = self.index().under(&self.source(), &path).to_vec();
        places.sort_unstable();
        places.into_iter().map(|row| self.row(row))
    }

    /// Rows mounted at exactly `path`, from the bottom of the stack to its top.
    ///
    /// The last one is what a path look-up finds, unless a mount above hides it: see [`is_hidden`](Self::is_hidden).
    #[must_use]
    pub fn at(&self, path: &Path) -> Vec<Row<'_>> {
        self.index()
            .at(&self.source(), &normal(path))
            .iter()
            .map(|&row| self.row(row))
            .collect()
    }

    /// The top of the stack at `path`.
    #[must_use]
    pub fn topmost(&self, path: &Path) -> Option<Row<'_>> {
        self.index()
            .at(&self.source(), &normal(path))
            .last()
            .map(|&row| self.row(row))
    }

    /// The row it is mounted on, if the table shows it.
    #[must_use]
    pub fn parent(&self, row: Row<'_>) -> Option<Row<'_>> {
        let parent = self.index().tree.parent[self.place(row)? as usize];
        (parent != NONE).then(|| self.row(parent))
    }

    /// The rows mounted directly on it, in the order of the table.
    pub fn children(&self, row: Row<'_>) -> impl Iterator<Item = Row<'_>> + use<'_> {
        let tree = &self.index().tree;
        let first = self
            .place(row)
            .map_or(NONE, |place| tree.first_child[place as usize]);
        chain(first, |row| tree.next_sibling[row as usize]).map(|row| self.row(row))
    }

    /// Rows without a parent in the table: one on a running system, more in a partial table.
    pub fn roots(&self) -> impl Iterator<Item = Row<'_>> + use<'_> {
        let tree = &self.index().tree;
        chain(tree.first_root, |row| tree.next_sibling[row as usize]).map(|row| self.row(row))
    }

    /// All rows below it in the tree, itself not included, parents before children.
    pub fn descendants(&self, row: Row<'_>) -> impl Iterator<Item = Row<'_>> + use<'_> {
        let tree = &self.index().tree;
        let top = self.place(row).unwrap_or(NONE);
        let first = if top == NONE {
            NONE
        } else {
            tree.next_in_walk(top, top)
        };
        chain(first, move |row| tree.next_in_walk(row, top)).map(|row| self.row(row))
    }

    /// The rows in an order in which they can be unmounted: children before parents, stacks from the top,
    /// what hides others before what it hides; otherwise the latest first.
    ///
    /// By structure, not by the length of paths. Costs a sort of `rows`.
    #[must_use]
    pub fn deepest_first<'t>(&'t self, mut rows: Vec<Row<'t>>) -> Vec<Row<'t>> {
        let index = self.index();
        rows.sort_by_cached_key(|&row| {
            std::cmp::Reverse(self.place(row).map(|place| index.height(place)))
        });
        rows
    }

    /// The mount that holds `path`, as a look-up would find it: from the root down, always to the top of a stack.
    ///
    /// `None` where the table has no mount that holds it (a relative path, a chroot below a mount).
    #[must_use]
    pub fn mount_of(&self, path: &Path) -> Option<Row<'_>> {
        let path = normal(path);
        if path.first() != Some(&b'/') {
            return None;
        }
        let mut current = self.cross("/".as_bytes(), NONE);
        for end in memchr_iter(b'/', &path).skip(1).chain([path.len()]) {
            if end > 1 {
                current = self.cross(&path[..end], current);
            }
        }
        (current != NONE).then(|| self.row(current))
    }

    /// The mount that a look-up is in after it has reached `path` on mount `current`.
    fn cross(&self, path: &[u8], mut current: u32) -> u32 {
        let index = self.index();
        let parent = |row: u32| index.tree.parent[row as usize];
        let base = current;
        for &row in index.at(&self.source(), path) {
            // A row whose parent the table does not show is taken to hang where it is. A second row on the
            // same parent, which only a torn table has, is the later one.
            if [current, base, NONE].contains(&parent(row)) {
                current = row;
            }
        }
        current
    }

    /// Whether a look-up of `path` ends at the root of a mount.
    #[must_use]
    pub fn is_mount_point(&self, path: &Path) -> bool {
        let wanted = normal(path);
        self.mount_of(path).is_some_and(|row| {
            self.place(row)
                .is_some_and(|place| self.index().point(&self.source(), place) == &*wanted)
        })
    }

    /// Whether no path leads to the root of this mount: something is mounted over it, or over a directory above.
    #[must_use]
    pub fn is_hidden(&self, row: Row<'_>) -> bool {
        self.mount_of(&row.mount_point())
            .is_none_or(|visible| visible.place() != row.place())
    }

    /// Members of a peer group, in the order of the table. Looks at every row.
    pub fn peers(&self, group: PeerGroup) -> impl Iterator<Item = Row<'_>> + use<'_> {
        self.rows().filter(move |row| row.shared() == Some(group))
    }

    /// Mounts that receive events from a peer group, in the order of the table. Looks at every row.
    pub fn slaves(&self, group: PeerGroup) -> impl Iterator<Item = Row<'_>> + use<'_> {
        self.rows().filter(move |row| row.master() == Some(group))
    }

    pub(crate) fn row(&self, place: u32) -> Row<'_> {
        let entry = &self.entries[place as usize];
        let unique = self.unique_ids.get(place as usize).copied().unwrap_or(0);
        Row::new(entry.line(&self.text), entry.fields, unique, place)
    }

    /// Where a row stands here; a row of another table is looked for by its id.
    fn place(&self, row: Row<'_>) -> Option<u32> {
        match self.entries.get(row.place()) {
            Some(entry) if entry.line(&self.text).as_ptr() == row.as_bytes().as_ptr() => {
                Some(row.place() as u32)
            }
            _ => self.index().by_id(row.mount_id().0),
        }
    }

    fn source(&self) -> Source<'_> {
        Source {
            text: &self.text,
            entries: &self.entries,
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::build(&self.source()))
    }
}

impl Default for MountTable {
    fn default() -> MountTable {
        MountTable::from_bytes(Vec::new())
    }
}

impl fmt::Debug for MountTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}

impl Entry {
    fn of(row: &Row<'_>, text: &[u8]) -> Entry {
        let start = row.as_bytes().as_ptr() as usize - text.as_ptr() as usize;
        Entry {
            start,
            length: row.as_bytes().len() as u32,
            fields: row.fields(),
        }
    }

    fn line<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.start..self.start + self.length as usize]
    }
}

/// The rows as the index sees them.
struct Source<'t> {
    text: &'t [u8],
    entries: &'t [Entry],
}

impl RowSource for Source<'_> {
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

/// The path without doubled, trailing and `.` components.
fn normal(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_bytes();
    let plain = path.components().as_path().as_os_str().as_bytes();
    let odd = memchr::memmem::find(plain, b"//").is_some()
        || memchr::memmem::find(plain, b"/./").is_some();
    if !odd {
        return Cow::Borrowed(if plain.is_empty() { bytes } else { plain });
    }
    let mut out = Vec::with_capacity(plain.len());
    for component in path.components() {
        if out.last().is_some_and(|&last| last != b'/') {
            out.push(b'/');
        }
        if component != Component::CurDir {
            out.extend_from_slice(component.as_os_str().as_bytes());
        }
    }
    Cow::Owned(out)
}

fn chain(first: u32, next: impl Fn(u32) -> u32) -> impl Iterator<Item = u32> {
    let some = |row: u32| (row != NONE).then_some(row);
    std::iter::successors(some(first), move |&row| some(next(row)))
}

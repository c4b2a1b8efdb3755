//! Answers questions about the structure of a table.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use memchr::memchr_iter;

use crate::ids::{MountId, UniqueMountId};
use crate::index::row_index::NONE;
use crate::row::borrowed::Row;
use crate::row::propagation::PeerGroup;
use crate::table::mount_table::MountTable;

impl MountTable {
    /// The row of this id. If the table changed while it was read and shows an id twice, this is
    /// the last one.
    pub fn by_id(&self, id: MountId) -> Option<Row<'_>> {
        self.index().by_id(id.0).map(|row| self.row(row))
    }

    /// The row of this unique id. Also `None` if the table was read by a route that gives no unique
    /// ids.
    pub fn by_unique_id(&self, id: UniqueMountId) -> Option<Row<'_>> {
        let place = self.unique_ids().shown.binary_search(&id.0).ok()?;
        Some(self.row(place as u32))
    }

    /// Rows mounted at `path` or below it, by component, in the order of the table.
    ///
    /// `/` is the whole table. A trailing slash does not matter.
    pub fn under(&self, path: &Path) -> impl ExactSizeIterator<Item = Row<'_>> + use<'_> {
        let path = normal(path);
        let mut places = self.index().under(self.store(), &path).to_vec();
        places.sort_unstable();
        places.into_iter().map(|row| self.row(row))
    }

    /// Rows mounted at exactly `path`, from the bottom of the stack to its top.
    ///
    /// A look-up of the path finds the last one, unless a mount above hides it: see
    /// [`is_hidden`](Self::is_hidden).
    pub fn at(&self, path: &Path) -> Vec<Row<'_>> {
        self.index()
            .at(self.store(), &normal(path))
            .iter()
            .map(|&row| self.row(row))
            .collect()
    }

    /// The top of the stack at `path`.
    pub fn topmost(&self, path: &Path) -> Option<Row<'_>> {
        self.index()
            .at(self.store(), &normal(path))
            .last()
            .map(|&row| self.row(row))
    }

    /// The row on which it is mounted, if the table shows it.
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

    /// Rows without a parent in the table. A running system has one; a partial table has more.
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

    /// The rows in an order in which they can be unmounted. Children come before parents, a stack
    /// begins at its top, and a mount that hides others comes before these. Otherwise the latest
    /// comes first.
    ///
    /// The order comes from the structure, not from the length of paths. It costs a sort of `rows`.
    pub fn deepest_first<'t>(&'t self, mut rows: Vec<Row<'t>>) -> Vec<Row<'t>> {
        let index = self.index();
        rows.sort_by_cached_key(|&row| {
            std::cmp::Reverse(self.place(row).map(|place| index.height(place)))
        });
        rows
    }

    /// The mount that holds `path`, as a look-up would find it: down from the root, always to the
    /// top of a stack.
    ///
    /// `None` if the table has no mount that holds it. Examples are a relative path, and a chroot
    /// below a mount.
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

    /// The mount in which a look-up is after it has reached `path` on mount `current`.
    fn cross(&self, path: &[u8], mut current: u32) -> u32 {
        let index = self.index();
        let parent = |row: u32| index.tree.parent[row as usize];
        let base = current;
        for &row in index.at(self.store(), path) {
            // If the table does not show the parent of a row, the row is taken to hang where it is.
            // A second row on the same parent, which exists only if the table changed while it was
            // read, is the later one.
            if [current, base, NONE].contains(&parent(row)) {
                current = row;
            }
        }
        current
    }

    /// Whether a look-up of `path` ends at the root of a mount.
    pub fn is_mount_point(&self, path: &Path) -> bool {
        let wanted = normal(path);
        self.mount_of(path).is_some_and(|row| {
            self.place(row)
                .is_some_and(|place| self.index().point(self.store(), place) == &*wanted)
        })
    }

    /// Whether no path leads to the root of this mount, because something is mounted over it or
    /// over a directory above.
    pub fn is_hidden(&self, row: Row<'_>) -> bool {
        self.mount_of(&row.mount_point())
            .is_none_or(|visible| visible.place() != row.place())
    }

    /// Members of a peer group, in the order of the table.
    pub fn peers(&self, group: PeerGroup) -> impl ExactSizeIterator<Item = Row<'_>> + use<'_> {
        let rows = self.groups().members(group);
        rows.iter().map(|&(_, row)| self.row(row))
    }

    /// Mounts that receive events from a peer group, in the order of the table.
    pub fn slaves(&self, group: PeerGroup) -> impl ExactSizeIterator<Item = Row<'_>> + use<'_> {
        let rows = self.groups().slaves(group);
        rows.iter().map(|&(_, row)| self.row(row))
    }
}

/// The path without doubled, trailing and `.` components.
pub(crate) fn normal(path: &Path) -> Cow<'_, [u8]> {
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

//! Finds which mounts can be reached by their own paths. Pure.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use mountscan::{MountId, MountTable, Row};

use crate::path::relative;

/// The mounts at and below a path that can be reached by their own paths. They are found in one
/// pass.
pub(crate) struct Reach {
    reached: HashSet<MountId>,
}

impl Reach {
    pub(crate) fn below(table: &MountTable, top: &Path) -> Self {
        let rows = table.under(top).map(|row| (row.mount_point(), row));
        let mut rows: Vec<(Cow<'_, Path>, Row<'_>)> = rows.collect();
        rows.sort_by(|(a, _), (b, _)| by_component(a, b));
        let above = top.parent().and_then(|parent| table.mount_of(parent));
        let mut walk = Walk {
            table,
            above: above.map(|row| row.mount_id()),
            open: Vec::new(),
            reached: HashSet::with_capacity(rows.len()),
        };
        for stack in rows.chunk_by(|(a, _), (b, _)| a.as_os_str() == b.as_os_str()) {
            match stack {
                [(point, row)] => walk.enter(point.clone(), &[*row]),
                [(point, _), ..] => walk.enter(point.clone(), &table.at(point)),
                [] => {}
            }
        }
        let reached = walk.reached;
        Self { reached }
    }

    /// Whether the path of a mount leads neither to the mount nor to its stack.
    pub(crate) fn is_hidden(&self, row: Row<'_>) -> bool {
        !self.reached.contains(&row.mount_id())
    }
}

struct Walk<'t> {
    table: &'t MountTable,
    /// The mount in which a look-up is before it reaches the first path.
    above: Option<MountId>,
    /// The mount points above the last one, each with the mount that it leads to.
    open: Vec<(Cow<'t, Path>, Option<MountId>)>,
    reached: HashSet<MountId>,
}

impl<'t> Walk<'t> {
    /// Takes the mounts at the next path, from the bottom to the top. Paths come in the order
    /// of [`by_component`].
    fn enter(&mut self, point: Cow<'t, Path>, stack: &[Row<'t>]) {
        let leads_here = |(open, _): &(Cow<'t, Path>, _)| relative(&point, open).is_some();
        let depth = self.open.iter().rposition(leads_here);
        self.open.truncate(depth.map_or(0, |last| last + 1));
        let base = self.open.last().map_or(self.above, |(_, mount)| *mount);
        let (mut current, mut top) = (base, None);
        for &row in stack {
            let parent = self.table.parent(row).map(|row| row.mount_id());
            // A row whose parent the table does not show is taken to hang where it is.
            if parent.is_none() || parent == current || parent == base {
                (current, top) = (Some(row.mount_id()), Some(row));
            }
        }
        while let Some(row) = top.filter(|row| row.mount_point().as_os_str() == point.as_os_str()) {
            // Once only: a torn table may hold a circle of parents.
            if !self.reached.insert(row.mount_id()) {
                break;
            }
            top = self.table.parent(row);
        }
        self.open.push((point, current));
    }
}

/// Orders paths. Everything below a path follows it directly.
fn by_component(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.as_os_str().as_bytes(), b.as_os_str().as_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    // The end of a path comes first, and then its slash.
    let rank = |path: &[u8]| path.get(same).map(|&byte| (byte != b'/', byte));
    rank(a).cmp(&rank(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same for one mount, by a look-up of its path.
    fn is_reached(table: &MountTable, row: Row<'_>) -> bool {
        let mut seen = HashSet::new();
        let mut at = table.mount_of(&row.mount_point());
        while let Some(mount) = at.filter(|mount| mount.mount_point() == row.mount_point()) {
            if mount.mount_id() == row.mount_id() {
                return true;
            }
            if !seen.insert(mount.mount_id()) {
                return false;
            }
            at = table.parent(mount);
        }
        false
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn one_pass_finds_what_a_look_up_of_each_path_finds(
            rows in prop::collection::vec((0usize..24, 0usize..8), 0..24),
        ) {
            let points = ["/", "/r", "/r/a", "/r/a/b", "/r/a/b/c", "/r/a.b", "/r/d", "/x"];
            let mut text = String::new();
            for (at, (parent, point)) in rows.iter().enumerate() {
                let (id, parent, point) = (at + 1, parent % (at + 1), points[*point]);
                text += &format!("{id} {parent} 0:{id} / {point} rw - t s rw\n");
            }
            let table = MountTable::from_bytes(text);
            for top in ["/r", "/r/a"] {
                let reach = Reach::below(&table, Path::new(top));
                for row in table.under(Path::new(top)) {
                    prop_assert_eq!(reach.is_hidden(row), !is_reached(&table, row), "{:?}", row);
                }
            }
        }
    }
}

//! Finds rows that contradict each other, because they are of different moments. Pure.
//!
//! A table of one moment keeps three rules. Each mount hangs on a mount that is shown. Its place is
//! at or below the place of that mount. No two mounts hang on one mount at one place. Rows that
//! were read while mounts came beneath others, went from there or moved can break each rule. Such
//! rows have to be read again.

use std::collections::{HashMap, HashSet};

use crate::index::row_index::RowSource;
use crate::row::point::is_at_or_below;

/// The places of rows that contradict another row, ascending.
///
/// `new` are the rows to look at, by place. The others are known not to contradict each other.
/// `gone` are the mount ids of rows that were among the others and are there no more, ascending.
/// What hung on them hangs elsewhere now, even if another mount has got the id.
pub(crate) fn doubtful(rows: &impl RowSource, new: &[u32], gone: &[u32]) -> Vec<u32> {
    let mut doubts = Doubts {
        rows,
        found: Vec::new(),
    };
    let claims = doubts.claims(new);
    let mut parents: Vec<u32> = new.iter().map(|&row| rows.ids(row).1).collect();
    parents.sort_unstable();
    parents.dedup();
    let mut own: Vec<(u32, u32)> = new.iter().map(|&row| (rows.ids(row).0, row)).collect();
    own.sort_unstable();
    // The rows of the parents of new rows, found in the same pass.
    let mut parent_rows = HashMap::with_capacity(parents.len());
    for row in 0..rows.len() {
        let (id, parent) = rows.ids(row);
        if parents.binary_search(&id).is_ok() {
            parent_rows.insert(id, row);
        }
        if parents.binary_search(&parent).is_ok() {
            let other = claims.get(&(parent, rows.raw_point(row)));
            doubts.pair(row, other.copied().unwrap_or(row));
        }
        if gone.binary_search(&parent).is_ok() {
            doubts.found.push(row);
        }
        if let Ok(at) = own.binary_search_by_key(&parent, |(id, _)| *id) {
            doubts.displaced(row, own[at].1);
        }
    }
    let mut is_missing = false;
    for &row in new {
        let (id, parent) = rows.ids(row);
        match parent_rows.get(&parent) {
            Some(&above) => doubts.displaced(row, above),
            None => is_missing |= parent != id,
        }
    }
    if is_missing {
        doubts.orphans();
    }
    doubts.found.sort_unstable();
    doubts.found.dedup();
    doubts.found
}

struct Doubts<'r, R> {
    rows: &'r R,
    found: Vec<u32>,
}

impl<'r, R: RowSource> Doubts<'r, R> {
    /// Which new row claims which place on which mount. If two claim the same place, both are in
    /// doubt.
    fn claims(&mut self, new: &[u32]) -> HashMap<(u32, &'r [u8]), u32> {
        let mut claims = HashMap::with_capacity(new.len());
        for &row in new {
            let claim = (self.rows.ids(row).1, self.rows.raw_point(row));
            let other = claims.insert(claim, row);
            self.pair(row, other.unwrap_or(row));
        }
        claims
    }

    /// Two rows that cannot both be right, unless they are the same row.
    fn pair(&mut self, row: u32, other: u32) {
        if row != other {
            self.found.extend([row, other]);
        }
    }

    /// A row whose place is not at or below the row on which it hangs.
    fn displaced(&mut self, row: u32, above: u32) {
        if !is_at_or_below(self.rows.raw_point(row), self.rows.raw_point(above)) {
            self.pair(row, above);
        }
    }

    /// Rows that hang on a mount that is not shown. That is right only below the mount above the
    /// reader's root, and there is only one such mount.
    fn orphans(&mut self) {
        let ids: HashSet<u32> = (0..self.rows.len())
            .map(|row| self.rows.ids(row).0)
            .collect();
        let orphans: Vec<u32> = (0..self.rows.len())
            .filter(|&row| !ids.contains(&self.rows.ids(row).1))
            .collect();
        let is_root = |row: &&u32| self.rows.raw_point(**row) == b"/";
        let above = orphans
            .iter()
            .find(is_root)
            .map(|&row| self.rows.ids(row).1);
        let parent = |row: u32| self.rows.ids(row).1;
        let one = orphans
            .windows(2)
            .all(|two| parent(two[0]) == parent(two[1]));
        if !one {
            let strange = orphans.iter().filter(|&&row| Some(parent(row)) != above);
            self.found.extend(strange);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::row_store::RowStore;

    /// Rows as `(id, parent, point)`; all of them new, or those from a place on.
    #[track_caller]
    fn check(rows: &[(u32, u32, &str)], from: u32, gone: &[u32], want: &[u32]) {
        let text = rows
            .iter()
            .map(|(id, parent, point)| format!("{id} {parent} 0:9 / {point} rw - t s rw\n"));
        let store = RowStore::parse(text.collect::<String>().into_bytes());
        let new: Vec<u32> = (from..rows.len() as u32).collect();
        assert_eq!(doubtful(&store, &new, gone), want);
    }

    #[test]
    fn what_can_be_of_one_moment_is_not_in_doubt() {
        let rows = [
            (1, 0, "/"),
            (2, 1, "/a"),
            (3, 2, "/a"),
            (4, 3, "/a/b"),
            (5, 1, "/b\\040c"),
        ];
        for from in 0..5 {
            check(&rows, from, &[], &[]);
        }
        // Seen from a root directory that is no mount point.
        check(&[(7, 3, "/x"), (8, 3, "/y"), (9, 8, "/y")], 0, &[], &[]);
        // The root of a namespace may hang on itself.
        check(&[(1, 1, "/"), (2, 1, "/a")], 0, &[], &[]);
        check(&[], 0, &[], &[]);
    }

    #[test]
    fn two_mounts_at_one_place_of_one_mount_are_in_doubt() {
        let rows = [(1, 0, "/"), (2, 1, "/a"), (3, 1, "/b"), (4, 1, "/a")];
        check(&rows, 0, &[], &[1, 3]);
        check(&rows, 3, &[], &[1, 3]);
        check(&rows, 4, &[], &[]);
    }

    #[test]
    fn a_mount_on_one_that_went_is_in_doubt_also_where_its_id_is_anothers_now() {
        let rows = [(1, 0, "/"), (2, 9, "/a/b"), (9, 1, "/a")];
        check(&rows, 2, &[9], &[1]);
        check(&[(1, 0, "/"), (2, 9, "/a")], 0, &[], &[1]);
        check(&[(1, 0, "/"), (2, 9, "/a")], 2, &[9], &[1]);
        check(&[(7, 3, "/x"), (8, 4, "/y")], 0, &[], &[0, 1]);
    }

    #[test]
    fn a_mount_that_does_not_lie_below_what_it_hangs_on_is_in_doubt() {
        check(
            &[(1, 0, "/"), (2, 1, "/a"), (3, 2, "/b/c")],
            0,
            &[],
            &[1, 2],
        );
        check(
            &[(1, 0, "/"), (3, 2, "/b/c"), (2, 1, "/a")],
            2,
            &[],
            &[1, 2],
        );
        check(&[(1, 0, "/"), (2, 1, "/a"), (3, 2, "/ab")], 2, &[], &[1, 2]);
    }
}

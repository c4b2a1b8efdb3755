//! Finds rows of mounts that were gone before the reading ended. Only an equal mount id proves
//! that. Pure.

use std::collections::HashMap;

use crate::row::borrowed::Row;

/// Which rows may still be there at the end of the reading; `None` if all. Of two rows with one
/// mount id it is only the later, because an id is used again as soon as its mount is gone.
pub(crate) fn survivors<'t>(rows: impl ExactSizeIterator<Item = Row<'t>>) -> Option<Vec<bool>> {
    let count = rows.len();
    let mut by_id = HashMap::with_capacity(count);
    let earlier = rows
        .enumerate()
        .filter_map(|(place, row)| by_id.insert(row.mount_id(), place));
    let gone: Vec<usize> = earlier.collect();
    if gone.is_empty() {
        return None;
    }
    let mut keep = vec![true; count];
    for place in gone {
        keep[place] = false;
    }
    Some(keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::stream::rows;

    #[test]
    fn the_later_of_two_rows_with_one_id_stays_and_two_at_one_place_both_do() {
        let text = b"1 0 0:1 / / rw - t s rw\n2 1 0:2 / /a rw - t s rw\n3 2 0:3 / /a rw - t s rw\n\
            4 1 0:4 / /a rw - t s rw\n3 1 0:5 / /b rw - t s rw\n";
        let all: Vec<Row<'_>> = rows(text).flatten().collect();
        let want = Some(vec![true, true, false, true, true]);
        assert_eq!(survivors(all.iter().copied()), want);
        assert_eq!(survivors(all[..4].iter().copied()), None);
    }
}

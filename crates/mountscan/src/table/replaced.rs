//! What a reading piece by piece can show wrongly, and the rule that puts it right.

use std::collections::HashMap;

use crate::row::borrowed::Row;

/// Which rows are still there at the end of the reading, or `None` if all are: of two rows with one mount
/// id, or with one parent and mount point, only the later.
pub(crate) fn survivors<'t>(rows: impl ExactSizeIterator<Item = Row<'t>>) -> Option<Vec<bool>> {
    let count = rows.len();
    let mut by_id = HashMap::with_capacity(count);
    let mut by_place = HashMap::with_capacity(count);
    let mut gone = Vec::new();
    for (place, row) in rows.enumerate() {
        gone.extend(by_id.insert(row.mount_id(), place));
        gone.extend(by_place.insert((row.parent_id(), row.mount_point_field()), place));
    }
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
    fn the_later_of_two_rows_for_one_place_or_id_stays() {
        let text = b"1 0 0:1 / / rw - t s rw\n2 1 0:2 / /a rw - t s rw\n3 2 0:3 / /a rw - t s rw\n\
            4 1 0:4 / /a rw - t s rw\n3 1 0:5 / /b rw - t s rw\n";
        let all: Vec<Row<'_>> = rows(text).flatten().collect();
        let want = Some(vec![true, false, false, true, true]);
        assert_eq!(survivors(all.iter().copied()), want);
        assert_eq!(survivors(all[..3].iter().copied()), None);
    }
}

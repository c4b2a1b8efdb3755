//! What a reading piece by piece can show wrongly, and the rule that puts it right.

/// Which rows are still there at the end of the reading, or `None` if all are: of two rows with one mount
/// id, or with one parent and mount point, only the later.
pub(crate) fn survivors<'r>(
    count: usize,
    row: impl Fn(usize) -> (u32, u32, &'r [u8]),
) -> Option<Vec<bool>> {
    let mut by_id = Places::new(count);
    let mut by_place = Places::new(count);
    let mut gone = Vec::new();
    for place in 0..count {
        let (id, parent, point) = row(place);
        gone.extend(by_id.put(place, mix(0, id.into()), |other| row(other).0 == id));
        let hash = hash(parent, point);
        gone.extend(by_place.put(place, hash, |other| {
            let (_, other_parent, other_point) = row(other);
            other_parent == parent && other_point == point
        }));
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

/// A hash table of row numbers alone, so that it stays in the cache: keys are looked up in the rows.
struct Places {
    /// Row number and one, 0 for none; at least twice as many as rows.
    slots: Vec<u32>,
}

impl Places {
    fn new(count: usize) -> Places {
        Places {
            slots: vec![0; (2 * count + 1).next_power_of_two()],
        }
    }

    /// Puts a row in the place of its equal, if there is one, which is returned.
    fn put(&mut self, row: usize, hash: u64, is_equal: impl Fn(usize) -> bool) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let held = (self.slots[at] as usize).checked_sub(1);
            if held.is_none_or(&is_equal) {
                self.slots[at] = row as u32 + 1;
                return held;
            }
            at = (at + 1) & mask;
        }
    }
}

fn hash(parent: u32, point: &[u8]) -> u64 {
    let mut chunks = point.chunks_exact(8);
    let mut state = mix(0, u64::from(parent));
    for chunk in &mut chunks {
        let word = chunk.try_into().expect("chunks of eight");
        state = mix(state, u64::from_ne_bytes(word));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(state, u64::from_ne_bytes(last))
}

/// Quick rather than secret: who can choose mount points to collide can make a table as slow by its size.
fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state.rotate_left(23) ^ word ^ 0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xda94_2042_e4dd_58b5);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_rows_for_one_place_or_id_stays() {
        let rows: [(u32, u32, &[u8]); 5] = [
            (1, 0, b"/"),
            (2, 1, b"/a"),
            (3, 2, b"/a"),
            (4, 1, b"/a"),
            (3, 1, b"/b"),
        ];
        assert_eq!(
            survivors(rows.len(), |row| rows[row]),
            Some(vec![true, false, false, true, true])
        );
        assert_eq!(survivors(3, |row| rows[row]), None);
    }
}

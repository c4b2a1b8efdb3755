//! What a reading piece by piece can show wrongly, and the rule that puts it right.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Which rows are still there at the end of the reading, or `None` if all are: of two rows with one mount
/// id, or with one parent and mount point, only the later.
pub(crate) fn survivors<'r>(
    rows: impl ExactSizeIterator<Item = (u32, u32, &'r [u8])>,
) -> Option<Vec<bool>> {
    let count = rows.len();
    let mut by_id: HashMap<u32, usize, Fast> =
        HashMap::with_capacity_and_hasher(count, Fast::default());
    let mut by_place: HashMap<(u32, &[u8]), usize, Fast> =
        HashMap::with_capacity_and_hasher(count, Fast::default());
    let mut gone = Vec::new();
    for (row, (id, parent, point)) in rows.enumerate() {
        gone.extend(by_id.insert(id, row));
        gone.extend(by_place.insert((parent, point), row));
    }
    if gone.is_empty() {
        return None;
    }
    let mut keep = vec![true; count];
    for row in gone {
        keep[row] = false;
    }
    Some(keep)
}

type Fast = BuildHasherDefault<Mix>;

/// A quick hash for keys that the kernel chose or a user of this machine could: a collision costs time only.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.write_u64(u64::from_ne_bytes(
                chunk.try_into().expect("chunks of eight"),
            ));
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.write_u64(u64::from_ne_bytes(last));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0.rotate_left(23) ^ number ^ 0x9e37_79b9_7f4a_7c15)
            .wrapping_mul(0xda94_2042_e4dd_58b5);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
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
            survivors(rows.into_iter()),
            Some(vec![true, false, false, true, true])
        );
        assert_eq!(survivors(rows[..3].iter().copied()), None);
    }
}

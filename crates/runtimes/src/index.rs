//! A hash index over short names, built once and read often.
//!
//! The standard map's hash resists chosen keys, at the price of three times the whole
//! look-up here. This table is filled by the administrator alone, and is never grown, so
//! a plain multiplicative hash will do; a foreign name can only miss.

/// Slots of (tag, place); at least twice as many as names, so that a miss ends soon.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    slots: Box<[(u32, u32)]>,
    mask: usize,
}

/// A slot that holds nothing.
const EMPTY: u32 = u32::MAX;

impl Index {
    /// Indexes names by their place in the sequence. Names must differ.
    pub(crate) fn new<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let size = (names.len() * 2).next_power_of_two().max(8);
        let mut slots = vec![(0, EMPTY); size].into_boxed_slice();
        let mask = size - 1;
        for (place, name) in names.enumerate() {
            let (mut slot, tag) = start(name, mask);
            while slots[slot].1 != EMPTY {
                slot = (slot + 1) & mask;
            }
            let place = u32::try_from(place).expect("a table in memory has fewer rows");
            slots[slot] = (tag, place);
        }
        Self { slots, mask }
    }

    /// The place of a name; `name_at` gives the name in a place.
    #[inline]
    pub(crate) fn find<'a>(&self, name: &str, name_at: impl Fn(usize) -> &'a str) -> Option<usize> {
        let (mut slot, tag) = start(name, self.mask);
        loop {
            let (found, place) = self.slots[slot];
            if place == EMPTY {
                return None;
            }
            if found == tag && name_at(place as usize) == name {
                return Some(place as usize);
            }
            slot = (slot + 1) & self.mask;
        }
    }
}

#[inline]
fn start(name: &str, mask: usize) -> (usize, u32) {
    let hash = hash(name.as_bytes());
    ((hash >> 32) as usize & mask, hash as u32)
}

/// Mixes eight bytes at a time; the last eight overlap, so no byte is read singly.
#[inline]
fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(FACTOR);
        (wide >> 64) as u64 ^ wide as u64
    };
    let mut hash = bytes.len() as u64 ^ FACTOR;
    if let Some(last) = bytes.last_chunk::<8>() {
        for chunk in bytes.chunks_exact(8) {
            hash = mix(
                hash,
                u64::from_le_bytes(chunk.try_into().expect("chunks of eight")),
            );
        }
        return mix(hash, u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let word = u64::from(u32::from_le_bytes(*first)) << 32;
        return mix(hash, word | u64::from(u32::from_le_bytes(*last)));
    }
    let word = bytes
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix(hash, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_of_ten_thousand_and_nothing_else() {
        let names: Vec<String> = (0..10_000).map(|n| format!("runtime-{n}")).collect();
        let index = Index::new(names.iter().map(String::as_str));
        for (place, name) in names.iter().enumerate() {
            assert_eq!(index.find(name, |place| &names[place]), Some(place));
        }
        for name in ["", "runtime-", "runtime-10000", "x"] {
            assert_eq!(index.find(name, |place| &names[place]), None);
        }
    }

    #[test]
    fn probes_stay_short() {
        let names: Vec<String> = (0..4096).map(|n| format!("{n:04}")).collect();
        let index = Index::new(names.iter().map(String::as_str));
        let far = names.iter().enumerate().map(|(place, name)| {
            let (home, _) = start(name, index.mask);
            let at = index
                .slots
                .iter()
                .position(|slot| slot.1 as usize == place)
                .unwrap();
            at.wrapping_sub(home) & index.mask
        });
        assert!(far.max().unwrap() < 64);
    }

    #[test]
    fn empty_index_answers() {
        let index = Index::new([].into_iter());
        assert_eq!(
            index.find("runc", |_| unreachable!("nothing is in it")),
            None
        );
    }
}

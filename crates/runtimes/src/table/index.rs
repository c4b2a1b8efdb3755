//! A hash index over short names, built once and read often.
//!
//! The standard map's hash resists chosen keys, at the price of three times the whole
//! look-up here. This table is filled by the administrator alone, and is never grown, so
//! a plain multiplicative hash will do; a foreign name can only miss.

/// The key of a name: its first and last eight bytes, which may overlap, and its length.
///
/// For a name of up to sixteen bytes this is the whole name, and nearly all names are so short. For
/// a longer name the first word is a hash of the whole, and the names must be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
    length: u32,
}

/// The longest name whose key differs from every other name's key.
const WHOLE: usize = 16;

/// At least twice as many slots as names, so that a miss ends soon.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    slots: Box<[Slot]>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: Key,
    /// [`EMPTY`] if the slot holds nothing.
    place: u32,
}

const EMPTY: u32 = u32::MAX;

impl Index {
    /// Indexes names by their place in the sequence. Names must differ.
    pub(crate) fn new<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let size = (names.len() * 2).next_power_of_two().max(8);
        let empty = Slot {
            key: Key::of(b""),
            place: EMPTY,
        };
        let mut slots = vec![empty; size].into_boxed_slice();
        for (place, name) in names.enumerate() {
            let key = Key::of(name.as_bytes());
            let place = u32::try_from(place).expect("a table in memory has fewer rows");
            let mut at = key.home();
            while slots[at & (size - 1)].place != EMPTY {
                at += 1;
            }
            slots[at & (size - 1)] = Slot { key, place };
        }
        Self { slots }
    }

    /// The place of a name; `name_at` gives the name in a place.
    #[inline]
    pub(crate) fn find<'a>(&self, name: &str, name_at: impl Fn(usize) -> &'a str) -> Option<usize> {
        if name.len() > WHOLE {
            return self.find_long(name, name_at);
        }
        self.find_key(Key::of_short(name.as_bytes()), |_| true)
    }

    /// This is a function of its own, so that the code for short names stays small.
    #[inline(never)]
    fn find_long<'a>(&self, name: &str, name_at: impl Fn(usize) -> &'a str) -> Option<usize> {
        self.find_key(Key::of(name.as_bytes()), |place| name_at(place) == name)
    }

    #[inline]
    fn find_key(&self, key: Key, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = key.home();
        loop {
            let slot = &self.slots[at & (self.slots.len() - 1)];
            let place = slot.place as usize;
            if slot.place == EMPTY {
                return None;
            }
            if slot.key == key && is_it(place) {
                return Some(place);
            }
            at += 1;
        }
    }
}

impl Key {
    fn of(name: &[u8]) -> Self {
        let mut key = Self::of_short(name);
        if name.len() > WHOLE {
            key.first = hash(name);
        }
        key
    }

    #[inline]
    fn of_short(name: &[u8]) -> Self {
        let length = name.len();
        let (first, last) =
            if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
                (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
            } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
                let [first, last] = [first, last].map(|word| u32::from_le_bytes(*word));
                (first.into(), last.into())
            } else if let (Some(first), Some(last)) = (name.first(), name.last()) {
                let middle = name[length / 2];
                (u64::from(*first) | u64::from(middle) << 8, (*last).into())
            } else {
                (0, 0)
            };
        // Two lengths that differ by 2^32 still give different hashes.
        Self {
            first,
            last,
            length: length as u32,
        }
    }

    /// Where the search begins, before it is cut to the size of the table.
    #[inline]
    fn home(self) -> usize {
        (mix(self.first ^ u64::from(self.length), self.last) >> 32) as usize
    }
}

/// A hash of a long name, except for what its last eight bytes hold anyway.
fn hash(name: &[u8]) -> u64 {
    name.chunks_exact(8).fold(0, |hash, chunk| {
        mix(
            hash,
            u64::from_le_bytes(chunk.try_into().expect("chunks of eight")),
        )
    })
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let wide = u128::from(hash.rotate_left(29) ^ word) * u128::from(FACTOR);
    (wide >> 64) as u64 ^ wide as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Indexes these names and finds each, and none of the others.
    #[track_caller]
    fn check(names: &[String], others: &[String]) {
        let index = Index::new(names.iter().map(String::as_str));
        for (place, name) in names.iter().enumerate() {
            let found = index.find(name, |place| &names[place]);
            assert_eq!(found, Some(place), "{name:?}");
        }
        for name in others {
            assert_eq!(index.find(name, |place| &names[place]), None, "{name:?}");
        }
        let far = index
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.place != EMPTY);
        let far = far.map(|(at, slot)| at.wrapping_sub(slot.key.home()) & (index.slots.len() - 1));
        assert!(far.max().unwrap_or(0) < 64, "searches are long");
    }

    #[test]
    fn finds_each_of_ten_thousand_and_nothing_else() {
        let named = |form: fn(usize) -> String| (0..10_000).map(form).collect::<Vec<_>>();
        let others = ["", "runtime-", "runtime-10000", "x"].map(str::to_owned);
        check(&named(|n| format!("runtime-{n}")), &others);
        check(&named(|n| format!("{n:04}")), &others);
        check(
            &named(|n| format!("the same begin {n:05} the same end")),
            &others,
        );
        check(&[], &others);
    }

    #[test]
    fn names_of_every_length_that_differ_in_one_byte() {
        for length in 1..40 {
            let plain = "a".repeat(length);
            let differs = |at: usize| format!("{}b{}", &plain[..at], &plain[at + 1..]);
            let mut names: Vec<_> = (0..length).map(differs).collect();
            let others = [plain.clone() + "a", plain[1..].to_owned(), plain.clone()];
            check(&names, &others);
            names.push(plain);
            check(&names, &others[..2]);
        }
    }

    #[test]
    fn zeros_count() {
        let zeros = |count| "\0".repeat(count);
        check(
            &[zeros(1), zeros(3), zeros(5)],
            &[zeros(0), zeros(2), zeros(4), zeros(8)],
        );
    }
}

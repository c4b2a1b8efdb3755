//! The id maps of an idmapped mount. They change whose files its users see.

use crate::row::parse::decimal;

/// What is known about the id maps of an idmapped mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdMaps {
    /// The ranges, with the numbers of the caller's user namespace. The kernel leaves out a range
    /// that has no numbers there.
    Known {
        /// Ranges of user ids.
        users: Vec<IdRange>,
        /// Ranges of group ids.
        groups: Vec<IdRange>,
    },
    /// The kernel answered, but no range has numbers in the caller's user namespace.
    OutOfSight,
    /// The maps were not asked for, or the kernel does not tell them (before Linux 6.18).
    Unknown,
}

/// A range of ids in a map of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct IdRange {
    /// The first id as the file system stores it.
    pub stored: u32,
    /// The first id as users of the mount see it.
    pub seen: u32,
    /// How many consecutive ids the range has.
    pub count: u32,
}

impl IdMaps {
    /// What the ranges of the kernel's answer mean.
    pub(crate) fn of(users: Vec<IdRange>, groups: Vec<IdRange>) -> Self {
        if users.is_empty() && groups.is_empty() {
            Self::OutOfSight
        } else {
            Self::Known { users, groups }
        }
    }

    /// The stable word for how much is known.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Known { .. } => "known",
            Self::OutOfSight => "out-of-sight",
            Self::Unknown => "unknown",
        }
    }
}

impl IdRange {
    /// Reads the kernel's text for a range: three numbers with blanks between them.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let mut numbers = text.split(|&byte| byte == b' ').map(decimal);
        let range = Self {
            stored: numbers.next()??,
            seen: numbers.next()??,
            count: numbers.next()??,
        };
        numbers.next().is_none().then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_three_numbers_and_nothing_else() {
        let want = IdRange {
            stored: 0,
            seen: 100_000,
            count: 65_536,
        };
        assert_eq!(IdRange::parse(b"0 100000 65536"), Some(want));
        for odd in [
            "",
            "0",
            "0 1",
            "0 1 2 3",
            "0  1 2",
            "0 1 -2",
            "a b c",
            "0 1 4294967296",
        ] {
            assert_eq!(IdRange::parse(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn no_range_at_all_is_out_of_sight_and_not_unknown() {
        assert_eq!(IdMaps::of(Vec::new(), Vec::new()), IdMaps::OutOfSight);
    }
}

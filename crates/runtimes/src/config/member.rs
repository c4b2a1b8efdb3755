//! The members of an entry of `runtimes`, and whether one appears twice.

use std::collections::BTreeSet;

/// A member that an entry may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Path,
    Args,
    Type,
    Options,
}

impl Member {
    /// The member with this key; `None` for a key that is not known.
    ///
    /// moby's decoder matches the members of an entry without regard to case.
    pub(super) fn named(key: &str) -> Option<Self> {
        let known = [
            ("path", Self::Path),
            ("runtimeargs", Self::Args),
            ("runtimetype", Self::Type),
            ("options", Self::Options),
        ];
        let same = |known: &str| match key.is_ascii() {
            true => key.eq_ignore_ascii_case(known),
            // In lower case some other letters, such as the kelvin sign, become ASCII letters.
            false => key.to_lowercase() == known,
        };
        let mut known = known.into_iter();
        known.find_map(|(name, member)| same(name).then_some(member))
    }
}

/// The members of one entry so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: [bool; 4],
    others: BTreeSet<String>,
}

impl Seen {
    /// Adds a key. False if the key is there already, in upper or lower case.
    pub(super) fn insert(&mut self, member: Option<Member>, key: &str) -> bool {
        match member {
            Some(member) => !std::mem::replace(&mut self.known[member as usize], true),
            None => self.others.insert(key.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_known_in_any_case() {
        for (key, want) in [
            ("path", Some(Member::Path)),
            ("PATH", Some(Member::Path)),
            ("runtimeArgs", Some(Member::Args)),
            ("RuntimeType", Some(Member::Type)),
            ("options", Some(Member::Options)),
            ("option", None),
            ("pathß", None),
            ("", None),
        ] {
            assert_eq!(Member::named(key), want, "{key:?}");
        }
        assert_eq!(
            Member::named("runtimeargſ"),
            None,
            "a letter with no ASCII form"
        );
    }

    #[test]
    fn a_second_one_is_seen_in_any_case() {
        let mut seen = Seen::default();
        let mut insert = |key| seen.insert(Member::named(key), key);
        assert!(insert("path"));
        assert!(insert("options"));
        assert!(!insert("Path"));
        assert!(insert("note"));
        assert!(!insert("NOTE"));
        assert!(insert("runtimeArgs"));
    }
}

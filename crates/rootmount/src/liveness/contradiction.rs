//! The reasons why mounts that look like leftovers cannot be judged. Values only.

use std::fmt;

/// Why the evidence is not enough: what is missing, and what to do.
///
/// The mounts concerned are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contradiction {
    /// There are mounts of containers, but nobody was found who knows containers.
    NoSource {
        /// The sources that do not exist.
        missing: Vec<String>,
    },
    /// A source exists but could not be read.
    Unread {
        /// Which, and why.
        what: String,
    },
    /// The processes of the machine could not be looked at, or not all of them.
    ProcessesUnseen {
        /// Why.
        why: String,
    },
}

impl Contradiction {
    /// What is missing, without what to do about it.
    pub fn cause(&self) -> String {
        match self {
            Self::NoSource { missing } => {
                let nobody = "no source says which containers live";
                match missing.as_slice() {
                    [] => nobody.to_owned(),
                    [one] => format!("{nobody}: {one} does not exist"),
                    several => format!("{nobody}: none of {} exists", several.join(", ")),
                }
            }
            Self::Unread { what } => what.clone(),
            Self::ProcessesUnseen { why } => why.clone(),
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.cause();
        write!(
            f,
            "{cause}; if you know that no container lives, say so (--none-live)"
        )
    }
}

//! One rule: what is mounted at a place, and what a clean-up may do with it.

use crate::engine::Shape;

/// What a clean-up does with a mount that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It belongs to a container or a build, and ends with it. A clean-up may unmount it only if
    /// nobody uses it.
    Sweep,
    /// Somebody asked for it, or it may hold data. It stays, and the clean-up names it.
    Tell,
    /// The engine itself keeps it mounted as long as it is installed. It stays.
    Own,
}

impl Fate {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Sweep, Self::Tell, Self::Own];

    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Tell => "tell",
            Self::Own => "own",
        }
    }
}

/// What an engine mounts at paths of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The path, relative to the root.
    pub shape: Shape,
    /// What is mounted there, in words.
    pub what: String,
    /// What a clean-up may do with it.
    pub fate: Fate,
    /// Whether the engine itself works there, as in a build: then no process has to live on the
    /// mount, and it is a leftover only if the engine does not run.
    pub is_work: bool,
}

impl Rule {
    /// A rule for paths of this shape.
    pub fn new(shape: Shape, fate: Fate, what: impl Into<String>) -> Self {
        Self {
            shape,
            what: what.into(),
            fate,
            is_work: false,
        }
    }

    /// Says that the engine itself works there.
    pub fn work(mut self) -> Self {
        self.is_work = true;
        self
    }
}

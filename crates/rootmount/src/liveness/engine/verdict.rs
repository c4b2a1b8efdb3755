//! Whether an engine runs. A value only.

use std::fmt;

/// Whether an engine runs with an exec root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunningEngine {
    /// One runs.
    Yes {
        /// How that is known: `pid 812 dockerd (/run/docker.pid)`.
        by: String,
    },
    /// Everything could be looked at, and no engine was found.
    No,
    /// Something could not be looked at, so one may run.
    Unknown {
        /// What, and why.
        why: String,
    },
}

impl RunningEngine {
    /// Words for the engine that runs or may run; `None` if it is known that none does.
    pub fn may_run(&self) -> Option<String> {
        match self {
            Self::No => None,
            running => Some(running.to_string()),
        }
    }

    /// The stronger of two answers: `Yes` wins over `Unknown`, and `Unknown` over `No`.
    pub(super) fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Yes { .. }, _) | (_, Self::No) => self,
            (Self::No, _) | (_, Self::Yes { .. }) => other,
            (Self::Unknown { .. }, Self::Unknown { .. }) => self,
        }
    }
}

impl fmt::Display for RunningEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes { by } => write!(f, "an engine runs here: {by}"),
            Self::No => f.write_str("no engine runs here"),
            Self::Unknown { why } => write!(f, "an engine may run here: {why}"),
        }
    }
}

//! What became of one mount.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mountscan::{HolderProcess, KernelUse, MountId, MountWitness};

use crate::error::{Error, ErrorKind, in_words};

/// What became of a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is unmounted.
    Unmounted,
    /// It was busy and is detached. It is gone from the mount table, but its holders can go on
    /// using it. They are named if they were searched for.
    ///
    /// A mount inside a network or FUSE filesystem also ends like this. It went together with
    /// that filesystem, because nothing is looked up in there.
    Detached {
        /// Who held it.
        holders: HeldBy,
    },
    /// It was gone before its turn came. That is a success too.
    AlreadyGone,
    /// Another mount is at its place, on top of it or instead of it. It was left.
    Replaced {
        /// The reused id of the mount that is there.
        found: MountId,
    },
    /// It is in use, or has mounts on it that were not planned. It was left.
    Busy {
        /// Who holds it.
        holders: HeldBy,
    },
    /// A filesystem on the way to it did not answer in time, and the mount it lies on
    /// could not be detached instead. It was left.
    NoAnswer {
        /// How long was waited.
        limit: Duration,
    },
    /// Its container lives. Evidence that was gathered right before the unmount shows it. It
    /// was left.
    Alive {
        /// The evidence.
        by: String,
    },
    /// Right before the unmount it was no longer certain that its container is dead. It was
    /// left.
    CannotTell {
        /// Why not.
        why: String,
    },
    /// It could not be unmounted and was left.
    Failed(Failure),
}

/// Who keeps a mount busy, as far as that was searched for and seen.
///
/// `Display` names the first few in words; with the feature `serde` it serialises whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldBy {
    /// Whether the processes were searched. Each search takes long, so it is made for the first
    /// few busy mounts only.
    pub is_searched: bool,
    /// The processes that use it, each with its uses.
    pub processes: Vec<HolderProcess>,
    /// The mount points of the mounts on it that are not planned to go.
    pub mounts: Vec<PathBuf>,
    /// Other mount namespaces that have a copy of it, and in which no process uses it.
    pub copies: Vec<CopyElsewhere>,
    /// What the kernel itself has open on it.
    pub kernel: Vec<KernelUse>,
    /// How many processes could not be looked into. Any of them may use it, too.
    pub unreadable: usize,
}

/// A mount namespace that has a copy of a mount. The copy keeps the file system in use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyElsewhere {
    /// Inode number of the namespace, as in `mnt:[4026531841]`.
    pub namespace: u64,
    /// A process that lives there.
    pub process: Option<HolderProcess>,
}

/// An [`Error`] as part of a report: kind, errno and text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The `errno`, if a system call failed.
    pub errno: Option<i32>,
    /// What failed, with its cause.
    pub message: String,
}

/// The outcome of a move, as far as one look shows.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) attempts: u32,
    pub(crate) left_private: Option<Failure>,
    /// Whether it is gone only from its planned place. When all is done, one look at the table
    /// shows whether it is gone from there too.
    pub(crate) presumed: bool,
    /// Knows whether a mount that was detached lazily still lives.
    pub(crate) witness: Option<Arc<MountWitness>>,
}

impl Done {
    /// An outcome that was reached without a call.
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            attempts: 0,
            left_private: None,
            presumed: false,
            witness: None,
        }
    }

    /// The result for a mount that was planned to go with this one.
    pub(crate) fn of_taken(&self) -> Self {
        let outcome = match &self.outcome {
            Outcome::Unmounted | Outcome::Detached { .. } => Outcome::Detached {
                holders: HeldBy::default(),
            },
            Outcome::AlreadyGone | Outcome::Replaced { .. } => Outcome::AlreadyGone,
            left => left.clone(),
        };
        Self {
            presumed: outcome.is_gone(),
            ..Self::of(outcome)
        }
    }
}

impl Outcome {
    /// Whether the planned mount is gone from the mount table.
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::Unmounted | Self::Detached { .. } | Self::AlreadyGone
        )
    }

    /// The outcome in one word: `unmounted`, `detached`, `already-gone`,
    /// `replaced`, `busy`, `no-answer`, `alive`, `unknown` or `failed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unmounted => "unmounted",
            Self::Detached { .. } => "detached",
            Self::AlreadyGone => "already-gone",
            Self::Replaced { .. } => "replaced",
            Self::Busy { .. } => "busy",
            Self::NoAnswer { .. } => "no-answer",
            Self::Alive { .. } => "alive",
            Self::CannotTell { .. } => "unknown",
            Self::Failed(_) => "failed",
        }
    }
}

impl Outcome {
    /// Makes an error with this text, for a mount that is left.
    pub(crate) fn error(&self, text: String) -> Error {
        let busy = io::Error::from_raw_os_error(libc::EBUSY);
        match self {
            Self::Failed(failure) => failure.error(text),
            Self::NoAnswer { .. } => Error::new(ErrorKind::NoAnswer, text),
            Self::Replaced { .. } => Error::new(ErrorKind::Hidden, text),
            _ => Error::new(ErrorKind::Busy, text).because(busy),
        }
    }
}

impl Failure {
    /// The failure as an error again, with this text.
    pub(crate) fn error(&self, text: String) -> Error {
        let error = Error::new(self.kind, text);
        let cause = self.errno.map(io::Error::from_raw_os_error);
        cause.into_iter().fold(error, Error::because)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            errno: error.raw_os_error(),
            message: in_words(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

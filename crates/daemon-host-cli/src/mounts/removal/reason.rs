//! The reasons why a directory should not be removed.

use std::path::PathBuf;

/// The kind of a reason, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A file system of another machine, or of a server, is mounted there.
    Remote,
    /// A bind is mounted there: what it shows is elsewhere and would be deleted.
    Bind,
    /// Something else is mounted there.
    Mount,
    /// A mount elsewhere shows the directory.
    Shown,
    /// An overlay elsewhere has a layer there.
    Layer,
    /// Another namespace has a mount there.
    Copy,
    /// A loop device or swap file is there.
    Kernel,
    /// A process uses files there.
    Process,
    /// A file system that is in no table is alive. Its data may be there.
    Detached,
    /// Something could not be looked at.
    Unseen,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Bind => "bind",
            Self::Mount => "mount",
            Self::Shown => "shown",
            Self::Layer => "layer",
            Self::Copy => "copy",
            Self::Kernel => "kernel",
            Self::Process => "process",
            Self::Detached => "detached",
            Self::Unseen => "unseen",
        }
    }

    /// Whether it only says that something is not known.
    pub(super) fn is_doubt(self) -> bool {
        matches!(self, Self::Detached | Self::Unseen)
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) kind: Kind,
    pub(super) what: String,
    /// The mount point or file, if there is one.
    pub(super) path: Option<PathBuf>,
    pub(super) namespace: Option<u64>,
    pub(super) pid: Option<u32>,
}

impl Reason {
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            path: None,
            namespace: None,
            pid: None,
        }
    }
}

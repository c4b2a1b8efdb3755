//! How to write a container's file, and what came of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files::durable;

/// How to write a container's file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// The record of what was last written; by default the file's path with `.state` appended.
    ///
    /// Its directory is locked during a write, and must be out of the container's reach.
    pub state: Option<PathBuf>,
    /// moby's hash file, read when there is no record yet; by default the path with `.hash`.
    pub moby_hash: Option<PathBuf>,
    /// The mode of a fresh file. An existing file keeps its own.
    pub mode: u32,
    /// Whether to write over what a user changed.
    pub overwrite_edits: bool,
    /// Whether to reach the disk before returning, so that a power cut is as harmless as a crash.
    pub durable: bool,
    /// How long to try for a moment in which nobody has the file open.
    pub patience: Duration,
    /// A word for the record, such as the kind of network. Not interpreted.
    pub label: String,
}

impl Default for WriteOptions {
    /// Mode 0644, durable, edits kept, 50 ms of patience.
    fn default() -> Self {
        Self {
            state: None,
            moby_hash: None,
            mode: 0o644,
            overwrite_edits: false,
            durable: true,
            patience: Duration::from_millis(50),
            label: String::new(),
        }
    }
}

impl WriteOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn state_path(&self, path: &Path) -> PathBuf {
        let default = || durable::beside(path, ".state");
        self.state.clone().unwrap_or_else(default)
    }
}

/// What [`write`](fn@write) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Written {
    /// There was no file; there is one now.
    Created,
    /// The content was replaced, on the same inode.
    Rewritten {
        /// Whether everyone who opened the file meanwhile was held off until it was whole. If not,
        /// because someone kept it open or the file system has no leases, a reader may in that
        /// instant have seen bytes of both contents; never an empty file.
        exclusive: bool,
    },
    /// It held that content already.
    Unchanged,
    /// A user has changed the file; it was left alone.
    KeptEdit,
}

named! {
    /// Whose content a container's file has.
    pub enum FileStatus {
        /// There is no file.
        Missing = "missing",
        /// Nothing is recorded about it, so it counts as not edited.
        Unrecorded = "unrecorded",
        /// It holds what was last written.
        Ours = "ours",
        /// A write was cut off in the middle; the next one repairs it.
        Interrupted = "interrupted",
        /// A user changed it.
        Edited = "edited",
    }
}

impl Written {
    /// A stable name for machines: `created`, `rewritten`, `unchanged` or `kept-edit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Rewritten { .. } => "rewritten",
            Self::Unchanged => "unchanged",
            Self::KeptEdit => "kept-edit",
        }
    }
}

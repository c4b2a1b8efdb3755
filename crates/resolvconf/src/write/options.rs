//! How to write a container's file, and the result.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to write a container's file.
///
/// A daemon sets `state` and `overwrite_edits`. The other fields are for tests and measurements:
/// these must wait longer than a daemon, or must not wait for the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// The record of what was last written.
    ///
    /// Its directory is locked during a write. Both must be out of the container's reach.
    /// For [`write`](fn@crate::write) the default is the file's path with `.state` appended.
    /// [`write_at`](crate::write_at) has no default and refuses to write without one.
    pub state: Option<PathBuf>,
    /// moby's hash file. It is read when there is no record yet. For [`write`](fn@crate::write) the
    /// default is the file's path with `.hash` appended. [`write_at`](crate::write_at) has no
    /// default.
    pub moby_hash: Option<PathBuf>,
    /// Whether to write over a user's changes. Default: no.
    pub overwrite_edits: bool,
    /// The mode of a fresh file. Default: 0644. An existing file keeps its own.
    pub mode: u32,
    /// Whether to wait until the content is on the disk. Then a power cut is as harmless as a
    /// crash. Default: yes. With `false` a test makes thousands of writes in a second.
    pub durable: bool,
    /// How long to try for a lease, which needs a moment in which nobody else has the file open.
    /// Default: 50 ms. `Duration::MAX` tries for ever.
    pub patience: Duration,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            state: None,
            moby_hash: None,
            overwrite_edits: false,
            mode: 0o644,
            durable: true,
            patience: Duration::from_millis(50),
        }
    }
}

impl WriteOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the place of the record.
    #[must_use]
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
        self
    }

    /// Sets whether to write over a user's changes.
    #[must_use]
    pub fn overwrite_edits(mut self, overwrite: bool) -> Self {
        self.overwrite_edits = overwrite;
        self
    }
}

/// The path with a suffix added to its last name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// What [`write`](fn@crate::write) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Written {
    /// There was no file. A new one was made.
    Created,
    /// The content was replaced, on the same inode.
    Rewritten {
        /// Whether a lease was held, so that everyone who opened the file had to wait until it was
        /// whole.
        ///
        /// If not, someone kept it open, or the file system has no leases. A reader may then have
        /// seen bytes of both contents for an instant, but never an empty file.
        exclusive: bool,
    },
    /// The file held that content already.
    Unchanged,
    /// A user has changed the file; it was left alone.
    KeptEdit,
}

named! {
    /// Who wrote the content of a container's file.
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

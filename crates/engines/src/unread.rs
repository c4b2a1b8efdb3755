//! What could not be read, and why.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file or directory of an engine's store that exists but could not be read or understood.
///
/// Its content is unknown: it may hold any container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// The file or directory.
    pub path: PathBuf,
    /// The reason, in words.
    pub why: String,
    /// The error number, if a system call failed.
    pub raw_os_error: Option<i32>,
}

impl Unread {
    pub(crate) fn new(path: &Path, why: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            why: why.into(),
            raw_os_error: None,
        }
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self {
            raw_os_error: error.raw_os_error(),
            ..Self::new(path, error.to_string())
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.path, self.why)
    }
}

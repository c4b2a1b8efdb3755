//! The error of this crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::verdict::Verdict;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request contradicts itself; repair the request.
    Conflict,
    /// Recursive read-only does not work here; the message says which half is missing.
    Unsupported,
    /// A privilege is missing, or a filter refuses the call.
    Denied,
    /// There is nothing at the path.
    NotFound,
    /// The path or descriptor is not the root of a mount; bind it onto itself first.
    NotAMountPoint,
    /// The mount belongs to another mount namespace; enter that one first.
    OtherNamespace,
    /// A file on a mount of the tree is open for writing. Nothing was changed; try again when
    /// the writers are gone. mountscan's `holders` names them.
    Busy,
    /// Any other fault; see [`Error::raw_os_error`].
    Io,
}

/// A failure of this crate: what was tried, with its arguments, and the system's own error as
/// `source()`.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    path: Option<PathBuf>,
    source: Option<io::Error>,
}

impl Error {
    /// What kind of failure it was.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The system's error number, if a system call failed.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The path that was given, if a system call failed.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn conflict(what: &str) -> Self {
        Self::bare(ErrorKind::Conflict, what.to_owned())
    }

    pub(crate) fn unsupported(verdict: &Verdict) -> Self {
        Self::bare(
            ErrorKind::Unsupported,
            format!("force-recursive read-only mount: {verdict}"),
        )
    }

    /// An error for a failed call on `path`. `note` adds what the error number alone does not say.
    pub(crate) fn call(
        kind: ErrorKind,
        call: &str,
        path: &Path,
        note: Option<&dyn fmt::Display>,
        errno: Errno,
    ) -> Self {
        let note = note.map(|note| format!(": {note}")).unwrap_or_default();
        Self {
            kind,
            what: format!("{call}{note}"),
            path: Some(path.to_owned()),
            source: Some(errno.into()),
        }
    }

    fn bare(kind: ErrorKind, what: String) -> Self {
        Self {
            kind,
            what,
            path: None,
            source: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

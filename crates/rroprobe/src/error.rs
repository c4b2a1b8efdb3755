//! The error of this crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::busy::BusyMount;
use crate::runtime::Verdict;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// A mount of the tree is held open for writing; [`Error::busy_mounts`] names it where it could be
    /// found. Nothing was changed; try again when the writers are gone.
    Busy,
    /// Any other fault; see [`Error::raw_os_error`].
    Io,
}

/// A failure of this crate: what was tried, with its arguments, and the system's own error as `source()`.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    path: Option<PathBuf>,
    busy: Vec<BusyMount>,
    source: Option<io::Error>,
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The system's error number, if a system call failed.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The mount that stood in the way if it is known, else the path that was given.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.busy
            .first()
            .map(|busy| busy.mount_point.as_path())
            .or(self.path.as_deref())
    }

    /// The mounts that are held open for writing, as far as they could be found; empty for other kinds.
    #[must_use]
    pub fn busy_mounts(&self) -> &[BusyMount] {
        &self.busy
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

    /// A failed call on `path`; `note` says what the number alone does not.
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
            busy: Vec::new(),
            source: Some(errno.into()),
        }
    }

    pub(crate) fn busy(call: &str, path: &Path, busy: Vec<BusyMount>, errno: Errno) -> Self {
        let mut what = call.to_owned();
        for (n, mount) in busy.iter().enumerate() {
            what.push_str(if n == 0 { ": " } else { "; " });
            what.push_str(&mount.to_string());
        }
        if busy.is_empty() {
            what.push_str(": a mount of the tree has a writer that is no process's open file");
        }
        Self {
            kind: ErrorKind::Busy,
            what,
            path: Some(path.to_owned()),
            busy,
            source: Some(errno.into()),
        }
    }

    fn bare(kind: ErrorKind, what: String) -> Self {
        Self {
            kind,
            what,
            path: None,
            busy: Vec::new(),
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

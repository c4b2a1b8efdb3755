//! The error of this crate.

use std::fmt;
use std::io;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name cannot be a link's name: empty, longer than 127 bytes, or with a NUL byte.
    InvalidName,
    /// The network namespace does not exist or is none.
    Namespace,
    /// A privilege is missing.
    Denied,
    /// Addresses changed so fast that no whole answer could be had; ask again, or accept torn answers by
    /// [`Options::accept_torn`](crate::Options::accept_torn).
    Torn,
    /// The kernel did not answer in time.
    TimedOut,
    /// The kernel's answer could not be understood.
    Malformed,
    /// Any other fault; see [`Error::raw_os_error`].
    Io,
}

/// A failure of this crate: what was tried, with its arguments, and the system's own error as `source()`.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    source: Option<io::Error>,
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The system's error number, if a system call or the kernel's answer carried one.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.as_ref().and_then(io::Error::raw_os_error)
    }

    pub(crate) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn malformed(why: &str) -> Self {
        Self::new(ErrorKind::Malformed, format!("netlink answer: {why}"))
    }

    /// A failed call, its kind read off the number.
    pub(crate) fn call(what: impl Into<String>, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            io::ErrorKind::TimedOut => ErrorKind::TimedOut,
            _ => ErrorKind::Io,
        };
        Self {
            kind,
            what: what.into(),
            source: Some(source),
        }
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
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

//! The crate's one error type.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, and on which path.
///
/// The text names the operation with its arguments; the operating system's answer is in
/// [`source`](std::error::Error::source) and [`raw_os_error`](Error::raw_os_error).
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: String,
    path: Option<PathBuf>,
    cause: Option<io::Error>,
}

/// The classes of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A system call failed; [`Error::raw_os_error`] says how.
    Io,
    /// The file is larger than the limit of the caller. Raise the limit or look at the file.
    TooLarge,
    /// The path is a directory, FIFO, socket or device: nothing was read from it.
    NotAFile,
    /// A word given as an address is none. See [`Nameserver`](crate::Nameserver) for the forms.
    InvalidAddress,
    /// The state record or moby's hash file exists but cannot be understood. Nothing was written;
    /// remove the file to start over.
    InvalidState,
    /// Another writer of the same file does not finish. Nothing was written.
    Busy,
}

impl Error {
    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The error number of the failed system call, if there was one.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.cause.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The path the operation was about, if there was one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn io(call: &str, path: &Path, cause: impl Into<io::Error>) -> Self {
        let operation = format!("{call}({path:?})");
        Self {
            kind: ErrorKind::Io,
            operation,
            path: Some(path.to_owned()),
            cause: Some(cause.into()),
        }
    }

    pub(crate) fn about(kind: ErrorKind, path: &Path, what: &str) -> Self {
        let operation = format!("{path:?}: {what}");
        Self {
            kind,
            operation,
            path: Some(path.to_owned()),
            cause: None,
        }
    }

    pub(crate) fn word(kind: ErrorKind, operation: String) -> Self {
        Self {
            kind,
            operation,
            path: None,
            cause: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

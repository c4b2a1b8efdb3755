//! The crate's one error type.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What failed, and on which path.
///
/// The text names the call with its arguments. The operating system's error is in
/// [`source`](std::error::Error::source) and [`raw_os_error`](Error::raw_os_error).
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: String,
    path: Option<PathBuf>,
    cause: Option<io::Error>,
}

/// The classes of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The permission for a system call is missing (`EACCES`, `EPERM`).
    Denied,
    /// Another failure of a system call; [`Error::raw_os_error`] says which.
    Io,
    /// The file is larger than the limit. Raise the limit, or check the file.
    TooLarge,
    /// The path is a directory, FIFO, socket or device. Nothing was read from it.
    NotAFile,
    /// A word that should be an address is not one. [`Nameserver`](crate::Nameserver) has the
    /// forms.
    InvalidAddress,
    /// The record or moby's hash file exists but cannot be understood, or no place is set for the
    /// record. Nothing was written. Remove the file to start again.
    InvalidState,
    /// Another writer of the same file does not finish. Nothing was written.
    Busy,
    /// The name leads out of the given directory, by `..` or by a symbolic link on the way.
    /// Nothing was written.
    Outside,
}

impl Error {
    /// The class of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The error number of the failed system call, if there was one.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.cause.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The path in the call, if there was one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// A system call on a path failed.
    pub(crate) fn io(call: &str, path: &Path, cause: impl Into<io::Error>) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..Self::call(format!("{call}({path:?})"), cause)
        }
    }

    /// A system call without a path failed.
    pub(crate) fn call(operation: impl Into<String>, cause: impl Into<io::Error>) -> Self {
        let cause = cause.into();
        let kind = match cause.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Io,
        };
        Self {
            kind,
            operation: operation.into(),
            path: None,
            cause: Some(cause),
        }
    }

    /// This crate refuses a path.
    pub(crate) fn about(kind: ErrorKind, call: &str, path: &Path, why: &str) -> Self {
        Self {
            kind,
            operation: format!("{call}({path:?}): {why}"),
            path: Some(path.to_owned()),
            cause: None,
        }
    }

    /// This crate refuses a word.
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

impl From<Error> for io::Error {
    /// Keeps the kind of the system's error. The inner error is this error itself.
    fn from(error: Error) -> Self {
        let kind = match (&error.cause, error.kind) {
            (Some(cause), _) => cause.kind(),
            (None, ErrorKind::Busy) => io::ErrorKind::ResourceBusy,
            (None, ErrorKind::TooLarge) => io::ErrorKind::FileTooLarge,
            (None, _) => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn permission_is_a_kind_of_its_own() {
        let path = Path::new("/etc/resolv.conf");
        for (errno, kind) in [
            (Errno::ACCESS, ErrorKind::Denied),
            (Errno::PERM, ErrorKind::Denied),
            (Errno::NOSPC, ErrorKind::Io),
        ] {
            let error = Error::io("open", path, errno);
            assert_eq!(error.kind(), kind);
            assert_eq!(error.to_string(), "open(\"/etc/resolv.conf\")");
            assert_eq!(error.raw_os_error(), Some(errno.raw_os_error()));
            let system = io::Error::from(error);
            assert_eq!(system.kind(), io::Error::from(errno).kind());
        }
    }
}

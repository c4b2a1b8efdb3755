//! The crate's error: the operation with its arguments, a kind, and the cause behind `source()`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::row::parse::MalformedRow;

/// The kind of an error, for decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such process, file or namespace, or the process has exited. The caller may go on
    /// without it.
    NotFound,
    /// The kernel refused. It is another user's process, or a capability is missing.
    Denied,
    /// The kernel, or a system call filter, has no such call. Another route or a newer kernel is
    /// needed.
    Unsupported,
    /// A row is malformed, and strict reading was asked for. [`Error::malformed`] says which row it
    /// is.
    Malformed,
    /// The place of procfs holds something else, or something is mounted over a part of procfs.
    /// What is read there is not the kernel's own word.
    Untrusted,
    /// The table kept changing. In the given number of attempts no reading was surely of one
    /// moment.
    Unstable,
    /// Any other failure of a read or a system call.
    Io,
}

/// A failure of this crate.
///
/// `Display` names the operation and its arguments. The system's reason is in
/// [`source()`](std::error::Error::source) and [`raw_os_error`](Error::raw_os_error).
#[derive(Debug)]
pub struct Error {
    operation: String,
    kind: ErrorKind,
    path: Option<PathBuf>,
    malformed: Option<MalformedRow>,
    cause: Option<io::Error>,
}

impl Error {
    /// The kind of the error, for decisions.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The errno of the failed call, if there was one.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.cause.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The file or directory of the failed operation, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The row that strict reading refused.
    pub fn malformed(&self) -> Option<MalformedRow> {
        self.malformed
    }

    pub(crate) fn io(operation: impl Into<String>, cause: io::Error) -> Self {
        let mut error = Self::new(kind_of(&cause), operation);
        error.cause = Some(cause);
        error
    }

    /// The failure of a call about a path: `call("path")`.
    pub(crate) fn at(call: &str, path: &Path, cause: io::Error) -> Self {
        let mut error = Self::io(format!("{call}({path:?})"), cause);
        error.path = Some(path.to_owned());
        error
    }

    /// The same failure, about this file.
    pub(crate) fn about(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// The same failure, of reading this file.
    pub(crate) fn reading(mut self, path: &Path) -> Self {
        self.operation = format!("read({path:?})");
        self.path = Some(path.to_owned());
        self
    }

    pub(crate) fn row(row: MalformedRow) -> Self {
        let mut error = Self::new(ErrorKind::Malformed, row.to_string());
        error.malformed = Some(row);
        error
    }

    pub(crate) fn unstable(operation: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unstable, operation)
    }

    pub(crate) fn new(kind: ErrorKind, operation: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            kind,
            path: None,
            malformed: None,
            cause: None,
        }
    }

    /// The same failure with another kind, if the errno alone does not say which kind it is.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
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
    /// The kind is that of the cause. The error is kept inside the `io::Error`, and its cause stays
    /// behind `source()`.
    fn from(error: Error) -> Self {
        let kind = match (&error.cause, error.kind) {
            (Some(cause), _) => cause.kind(),
            (None, ErrorKind::NotFound) => io::ErrorKind::NotFound,
            (None, ErrorKind::Denied) => io::ErrorKind::PermissionDenied,
            (None, ErrorKind::Unsupported) => io::ErrorKind::Unsupported,
            (None, ErrorKind::Malformed) => io::ErrorKind::InvalidData,
            (None, ErrorKind::Untrusted | ErrorKind::Unstable | ErrorKind::Io) => {
                io::ErrorKind::Other
            }
        };
        Self::new(kind, error)
    }
}

fn kind_of(cause: &io::Error) -> ErrorKind {
    match cause.raw_os_error() {
        // A process that has ended is missing in procfs (ENOENT). If one of its files is open
        // already, reading that file gives ESRCH.
        Some(libc::ENOENT | libc::ESRCH | libc::ENOTDIR) => ErrorKind::NotFound,
        // Procfs answers EACCES about a process of another user. A call without its capability
        // answers EPERM.
        Some(libc::EACCES | libc::EPERM) => ErrorKind::Denied,
        // The kernel is too old, or a filter hides the call from us.
        Some(libc::ENOSYS) => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn names_the_call_and_keeps_the_cause_apart() {
        let error = Error::at(
            "open",
            Path::new("/proc/1/mountinfo"),
            io::Error::from_raw_os_error(libc::EACCES),
        );
        assert_eq!(error.to_string(), r#"open("/proc/1/mountinfo")"#);
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_eq!(error.raw_os_error(), Some(libc::EACCES));
        assert_eq!(error.path(), Some(Path::new("/proc/1/mountinfo")));
        assert!(error.source().is_some());
    }

    #[test]
    fn becomes_an_io_error_of_the_same_kind_with_all_its_words() {
        let error = Error::at(
            "open",
            Path::new("/x"),
            io::Error::from_raw_os_error(libc::ENOENT),
        );
        let io = io::Error::from(error);
        assert_eq!(
            (io.kind(), io.to_string().as_str()),
            (io::ErrorKind::NotFound, r#"open("/x")"#)
        );
        assert_eq!(
            io.source().map(ToString::to_string),
            Some(io::Error::from_raw_os_error(libc::ENOENT).to_string())
        );
        let row = io::Error::from(Error::new(ErrorKind::Malformed, "line 1"));
        assert_eq!(row.kind(), io::ErrorKind::InvalidData);
    }
}

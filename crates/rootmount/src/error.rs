//! The crate's one error type.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::path_text::shown;

/// What went wrong, and with what.
///
/// The text names the operation with its arguments. The cause, if there is one, is only in
/// [`source`](std::error::Error::source). So a report that prints the whole chain prints
/// nothing twice.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: String,
    path: Option<PathBuf>,
    errno: Option<i32>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The data root is relative, missing, `/`, or not a directory, or the exec root is
    /// relative. Nothing was touched; give another root.
    BadRoot,
    /// A container id is not valid: it is empty, too long, or has characters that no daemon
    /// uses in ids.
    BadId,
    /// A clean-up rule does not compile, or would match the root itself.
    BadRule,
    /// The mount table could not be read.
    Table,
    /// The ownership record could not be read, written or removed.
    Record,
    /// The ownership record belongs to another data root, and its mount is still there. Two
    /// daemons share one exec root.
    RecordInUse,
    /// The call needs `CAP_SYS_ADMIN` in this mount namespace.
    Denied,
    /// The running kernel cannot do what was asked.
    Unsupported,
    /// The mount is the root of this process; it is never unmounted.
    ProcessRoot,
    /// The mount is in the table but cannot be reached by its path: something is
    /// mounted over it or over one of its parents.
    Hidden,
    /// The kernel refuses because the mount is locked: it came from a more
    /// privileged mount namespace and goes only together with its parent.
    Locked,
    /// The mount is in use.
    Busy,
    /// A filesystem on the way did not answer in time. Its server may be down.
    NoAnswer,
    /// Another system call failed; see [`Error::raw_os_error`].
    Io,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The `errno` behind the error, if a system call failed.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.errno
    }

    /// The path that the operation was about, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind, operation: impl Into<String>) -> Self {
        Self {
            kind,
            operation: operation.into(),
            path: None,
            errno: None,
            cause: None,
        }
    }

    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.path = Some(path.to_path_buf());
        self
    }

    pub(crate) fn because(mut self, cause: impl Into<io::Error>) -> Self {
        let cause = cause.into();
        self.errno = cause.raw_os_error();
        self.cause = Some(Box::new(cause));
        self
    }

    /// Adds a cause that is not an `io::Error`, with the errno behind it.
    pub(crate) fn caused_by(
        mut self,
        errno: Option<i32>,
        cause: impl StdError + Send + Sync + 'static,
    ) -> Self {
        self.errno = errno;
        self.cause = Some(Box::new(cause));
        self
    }

    /// A failed system call; the kind follows from the errno.
    pub(crate) fn call(
        operation: impl Into<String>,
        path: &Path,
        cause: impl Into<io::Error>,
    ) -> Self {
        let cause = cause.into();
        let kind = match cause.raw_os_error() {
            // umount2(2) gives EPERM without CAP_SYS_ADMIN. EACCES comes from a directory on the
            // way that may not be searched, or from a security module.
            Some(libc::EPERM | libc::EACCES) => ErrorKind::Denied,
            // A file on it is open, somebody works in it, or something is mounted on it.
            Some(libc::EBUSY) => ErrorKind::Busy,
            // An old kernel does not have the call, or a system call filter hides it.
            Some(libc::ENOSYS) => ErrorKind::Unsupported,
            // EINVAL has no kind here: umount2(2) gives it for several things. The step that made
            // the call looks which one it is.
            _ => ErrorKind::Io,
        };
        Self::new(kind, operation).at(path).because(cause)
    }

    /// A path that did not answer in time.
    pub(crate) fn no_answer(operation: &str, path: &Path) -> Self {
        let text = format!("{operation}({:?}): no answer in time", shown(path));
        Self::new(ErrorKind::NoAnswer, text).at(path)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// The kind is that of the errno, if there is one. The whole error, with its cause,
/// is inside: [`io::Error::get_ref`].
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let by_errno = error
            .errno
            .map(|errno| io::Error::from_raw_os_error(errno).kind());
        let kind = by_errno.unwrap_or(match error.kind {
            ErrorKind::BadRoot | ErrorKind::BadId | ErrorKind::BadRule => {
                io::ErrorKind::InvalidInput
            }
            ErrorKind::Denied => io::ErrorKind::PermissionDenied,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::NoAnswer => io::ErrorKind::TimedOut,
            ErrorKind::Busy => io::ErrorKind::ResourceBusy,
            _ => io::ErrorKind::Other,
        });
        io::Error::new(kind, error)
    }
}

/// An error with its causes, on one line.
pub(crate) fn in_words(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_in_source_only() {
        let cause = io::Error::from_raw_os_error(libc::EBUSY);
        let error = Error::call("umount2(\"/x\", 0)", Path::new("/x"), cause);
        assert_eq!(error.to_string(), "umount2(\"/x\", 0)");
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
        assert_eq!(error.path(), Some(Path::new("/x")));
        assert!(StdError::source(&error).is_some());
    }

    #[test]
    fn an_io_error_keeps_kind_and_cause() {
        let denied = io::Error::from_raw_os_error(libc::EPERM);
        let error = io::Error::from(Error::call("umount2(\"/x\")", Path::new("/x"), denied));
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(error.to_string(), "umount2(\"/x\")");
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
        assert_eq!(inner.map(Error::kind), Some(ErrorKind::Denied));
        let refused = io::Error::from(Error::new(ErrorKind::BadRoot, "no"));
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
}

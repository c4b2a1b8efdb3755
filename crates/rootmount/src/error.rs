//! The crate's one error type.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, and with what.
///
/// The text names the operation with its arguments. The cause, where there is
/// one, is in [`source`](std::error::Error::source) only, so that a report that
/// walks the chain prints nothing twice.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: String,
    path: Option<PathBuf>,
    source: Option<io::Error>,
}

/// The kinds of [`Error`], for a caller that wants to tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The data root is relative, missing, `/`, or not a directory, or the exec root is
    /// relative. Nothing was touched; give another root.
    BadRoot,
    /// A container id cannot be one: empty, too long, or with characters that no
    /// daemon uses in ids.
    BadId,
    /// A clean-up rule does not compile, or would match the root itself.
    BadRule,
    /// The mount table could not be read.
    Table,
    /// The ownership record could not be read, written or removed.
    Record,
    /// The ownership record belongs to another data root whose mount is still
    /// there; two daemons share one exec root.
    RecordInUse,
    /// The call needs `CAP_SYS_ADMIN` in this mount namespace.
    Permission,
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
    /// Another system call failed; see [`Error::raw_os_error`].
    System,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The `errno` behind the error, if a system call failed.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The path that the operation was about, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind, operation: impl Into<String>) -> Error {
        Error {
            kind,
            operation: operation.into(),
            path: None,
            source: None,
        }
    }

    pub(crate) fn at(mut self, path: &Path) -> Error {
        self.path = Some(path.to_path_buf());
        self
    }

    pub(crate) fn because(mut self, source: impl Into<io::Error>) -> Error {
        self.source = Some(source.into());
        self
    }

    /// A failed system call; the kind follows from the errno.
    pub(crate) fn system(
        operation: impl Into<String>,
        path: &Path,
        source: impl Into<io::Error>,
    ) -> Error {
        let source = source.into();
        let kind = match source.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => ErrorKind::Permission,
            Some(libc::EBUSY) => ErrorKind::Busy,
            Some(libc::ENOSYS) => ErrorKind::Unsupported,
            _ => ErrorKind::System,
        };
        Error {
            kind,
            operation: operation.into(),
            path: Some(path.to_path_buf()),
            source: Some(source),
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
        self.source.as_ref().map(|e| e as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_in_source_only() {
        let cause = io::Error::from_raw_os_error(libc::EBUSY);
        let error = Error::system("umount2(\"/x\", 0)", Path::new("/x"), cause);
        assert_eq!(error.to_string(), "umount2(\"/x\", 0)");
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
        assert_eq!(error.path(), Some(Path::new("/x")));
        assert!(std::error::Error::source(&error).is_some());
    }
}

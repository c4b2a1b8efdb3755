//! The error of this crate.

use std::fmt;
use std::io;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name cannot be a link's name: empty, longer than 127 bytes, or with a NUL byte.
    InvalidName,
    /// A text is not an address with a prefix length.
    InvalidPrefix,
    /// The network namespace does not exist, or the file is not one. It is also the answer if
    /// procfs hides the process (`hidepid`).
    Namespace,
    /// The place of procfs holds something else, or something is mounted over a part of procfs.
    /// What is read there is not the kernel's own word.
    Untrusted,
    /// A privilege is missing.
    Denied,
    /// Addresses changed so fast that no answer could be proved whole. Ask again, or accept torn
    /// answers by [`ListOptions::accept_torn`](crate::ListOptions::accept_torn).
    Torn,
    /// The kernel did not answer in time.
    TimedOut,
    /// The kernel's answer could not be understood.
    Malformed,
    /// Any other failure; see [`Error::raw_os_error`].
    Io,
}

/// A failure of this crate. The text names the call and its arguments; the system's own error is
/// the `source()`.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: String,
    cause: Option<io::Error>,
}

impl Error {
    /// What kind of failure it was.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The system's error number, if a system call or the kernel's answer carried one.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.cause.as_ref().and_then(io::Error::raw_os_error)
    }

    pub(crate) fn new(kind: ErrorKind, operation: impl Into<String>) -> Self {
        Self {
            kind,
            operation: operation.into(),
            cause: None,
        }
    }

    pub(crate) fn malformed(why: &str) -> Self {
        Self::new(ErrorKind::Malformed, format!("netlink answer: {why}"))
    }

    /// A failed call, with the kind that its number stands for.
    pub(crate) fn call(operation: impl Into<String>, cause: io::Error) -> Self {
        let kind = match cause.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            io::ErrorKind::TimedOut => ErrorKind::TimedOut,
            _ => ErrorKind::Io,
        };
        Self {
            kind,
            operation: operation.into(),
            cause: Some(cause),
        }
    }

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
    /// The `io::Error` has the kind of the cause. It keeps this error inside, and `source()` leads
    /// to the cause.
    fn from(error: Error) -> Self {
        let kind = match (&error.cause, error.kind) {
            (Some(cause), _) => cause.kind(),
            (None, ErrorKind::InvalidName | ErrorKind::InvalidPrefix) => {
                io::ErrorKind::InvalidInput
            }
            (None, ErrorKind::Namespace) => io::ErrorKind::NotFound,
            (None, ErrorKind::Denied) => io::ErrorKind::PermissionDenied,
            (None, ErrorKind::TimedOut) => io::ErrorKind::TimedOut,
            (None, ErrorKind::Malformed) => io::ErrorKind::InvalidData,
            (None, ErrorKind::Untrusted | ErrorKind::Torn | ErrorKind::Io) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_io_error_keeps_the_kind_and_the_cause() {
        let denied = io::Error::from_raw_os_error(nix::libc::EACCES);
        let error = io::Error::from(Error::call("open(\"/x\")", denied));
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(error.to_string(), "open(\"/x\")");
        let inside = error
            .get_ref()
            .and_then(|inside| inside.downcast_ref::<Error>());
        assert_eq!(
            inside.and_then(Error::raw_os_error),
            Some(nix::libc::EACCES)
        );
        assert!(error.source().is_some());

        let name = Error::new(ErrorKind::InvalidName, "link name");
        assert_eq!(io::Error::from(name).kind(), io::ErrorKind::InvalidInput);
    }
}

//! The one error of the facade.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use runtimes::{Problem, Problems};

/// The kinds of [`Error`], for callers who act on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument or a configuration value is not acceptable; correct it.
    InvalidInput,
    /// The configuration is not well formed; [`Error::problems`] lists why.
    Config,
    /// Another daemon holds this data root.
    AlreadyRunning,
    /// A participant refused the reload. Nothing has changed.
    ReloadRefused,
    /// A participant did not answer within its time. Nothing has changed.
    TimedOut,
    /// The host was shut down before.
    ShutDown,
    /// The kernel refused because a permission is missing. Start with more privilege.
    Denied,
    /// Another system call failed; see `raw_os_error` and `source`.
    Io,
    /// A crate below failed. `source` is its whole error.
    Crate,
}

/// An error of the facade.
///
/// It keeps the whole error of the crate below: `source()` returns it. Its text is not repeated
/// here. A clone shares that error.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    problems: Option<Problems>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The errno of the system call at the root of this error, if there is one.
    pub fn raw_os_error(&self) -> Option<i32> {
        let mut next = self.source();
        while let Some(error) = next {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                return io.raw_os_error();
            }
            next = error.source();
        }
        None
    }

    /// Every problem of a configuration. Other errors have no problems.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().flat_map(Problems::iter)
    }

    /// An error without a cause, for tests of what handles one.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            problems: None,
            source: None,
        }
    }

    /// A configuration with these problems.
    pub(crate) fn of_problems(problems: Problems) -> Self {
        Self {
            problems: Some(problems.clone()),
            ..Self::new(ErrorKind::Config, format!("daemon.json: {problems}"))
        }
    }

    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Io,
        };
        Self::caused(kind, what, source)
    }

    /// Wraps another crate's error with what was being done.
    pub(crate) fn caused(
        kind: ErrorKind,
        what: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            source: Some(Arc::from(source.into())),
            ..Self::new(kind, what)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_permission_is_a_kind_of_its_own() {
        let kind = |errno| Error::io("open(\"/x\")", io::Error::from_raw_os_error(errno)).kind();
        assert_eq!(kind(13), ErrorKind::Denied);
        assert_eq!(kind(1), ErrorKind::Denied);
        assert_eq!(kind(2), ErrorKind::Io);
    }

    #[test]
    fn the_errno_is_found_through_the_chain() {
        let inner = Error::io("open(\"/x\")", io::Error::from_raw_os_error(2));
        let outer = Error::caused(ErrorKind::Crate, "start", inner);
        assert_eq!(outer.raw_os_error(), Some(2));
        assert_eq!(outer.to_string(), "start");
        assert_eq!(Error::new(ErrorKind::ShutDown, "x").raw_os_error(), None);
    }
}

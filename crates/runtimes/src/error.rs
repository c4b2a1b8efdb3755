//! The one error of this crate.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, in few words; see [`Error::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A word of a wrapper script holds a NUL byte. No program can be given such a word.
    NulByte,
    /// The script directory lies on a filesystem mounted `noexec`: no script there can
    /// run. Remount it, or use another directory.
    NoExec,
    /// The interpreter of wrapper scripts, `/bin/sh`, is missing or not executable.
    NoShell,
    /// The script directory is not a directory, or other users may write to it. They could put
    /// their own program in place of a runtime.
    UnsafeDirectory,
    /// Another process sweeps the script directory and did not finish in time.
    Busy,
    /// A system call failed; [`Error::raw_os_error`] has the number.
    Io,
}

/// An operation on scripts, configuration or the table that did not succeed.
///
/// The text names the operation and its arguments; the cause is in
/// [`source`](StdError::source) as [`io::Error`].
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    context: String,
    path: Option<PathBuf>,
    source: Option<io::Error>,
}

impl Error {
    /// The class of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The error number of the system call that failed, if one did.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.source.as_ref().and_then(io::Error::raw_os_error)
    }

    /// The file or directory concerned, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        let context = context.into();
        Self(Box::new(Inner {
            kind,
            context,
            path: None,
            source: None,
        }))
    }

    /// An error for a failed call. `call` is its name, `path` its argument.
    pub(crate) fn io(call: &str, path: &Path, source: impl Into<io::Error>) -> Self {
        let error = Self::new(ErrorKind::Io, format!("{call}({path:?})"));
        error.at(path).because(source)
    }

    pub(crate) fn because(mut self, source: impl Into<io::Error>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.0.path = Some(path.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

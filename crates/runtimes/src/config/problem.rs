//! The problems that a configuration can have, and their words.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::names::shown;

/// One fault in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The runtime concerned; `None` when it is the file as a whole.
    pub runtime: Option<Arc<str>>,
    /// Which rule is broken.
    pub kind: ProblemKind,
    /// One line for a person, naming the runtime. Control characters are escaped.
    pub message: String,
}

/// Which rule a configuration breaks. [`as_str`](Self::as_str) gives its stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// `parse`: not JSON, or a member has the wrong type or holds a NUL.
    Parse,
    /// `duplicate`: the same key twice; which one was meant cannot be told.
    Duplicate,
    /// `reserved-name`: `runc` and `io.containerd.runc.v2` are built in, and the empty
    /// name stands for the default.
    ReservedName,
    /// `needs-path-or-type`: neither a program nor a shim is named.
    NeedsPathOrType,
    /// `path-and-type`: a program and a shim are both named.
    PathAndType,
    /// `options-with-path`: options are for shims.
    OptionsWithPath,
    /// `args-with-type`: a shim takes no arguments.
    ArgsWithType,
    /// `bad-options`: an option has the wrong type.
    BadOptions,
    /// `misspelt-key`: a key of the file that is nearly a known one, such as
    /// `default_runtime`. It would have no effect; dockerd refuses it too.
    MisspeltKey,
    /// `unknown-default`: the default runtime is not configured, not built in, and not a
    /// possible name of a shim.
    UnknownDefault,
}

impl ProblemKind {
    /// The name that machines read, such as `path-and-type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Duplicate => "duplicate",
            Self::ReservedName => "reserved-name",
            Self::NeedsPathOrType => "needs-path-or-type",
            Self::PathAndType => "path-and-type",
            Self::OptionsWithPath => "options-with-path",
            Self::ArgsWithType => "args-with-type",
            Self::BadOptions => "bad-options",
            Self::MisspeltKey => "misspelt-key",
            Self::UnknownDefault => "unknown-default",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Problem {
    /// A problem with a runtime, or with the file as a whole. The message begins with the
    /// runtime's name.
    pub fn new(runtime: Option<&str>, kind: ProblemKind, what: &str) -> Self {
        Self::shared(runtime.map(Arc::from), kind, what)
    }

    /// The same with a name that many problems share. A name may be long.
    pub(super) fn shared(runtime: Option<Arc<str>>, kind: ProblemKind, what: &str) -> Self {
        let message = match &runtime {
            Some(name) => format!("runtime {}: {what}", shown(name)),
            None => what.to_owned(),
        };
        Self {
            runtime,
            kind,
            message,
        }
    }
}

/// Everything that is wrong with a configuration; at least one problem.
///
/// Sorted by runtime name; the problems of the file as a whole come first. As an error it
/// gives the first ten on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// Problems in the one line of a [`Problems`].
const SHOWN: usize = 10;

impl Problems {
    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.0.iter()
    }

    /// All of them, as a list.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// Sorts them; `Ok` if the list is empty.
    ///
    /// # Errors
    ///
    /// The problems, if there is at least one.
    pub fn if_any(mut problems: Vec<Problem>) -> Result<(), Self> {
        sort(&mut problems);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems))
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "the configuration has {count} {noun}")?;
        for problem in self.0.iter().take(SHOWN) {
            write!(f, "; {problem}")?;
        }
        if count > SHOWN {
            f.write_str("; …")?;
        }
        Ok(())
    }
}

impl StdError for Problems {}

/// Sorts by runtime name, the file's own first; the order within a name stays.
pub(crate) fn sort(problems: &mut [Problem]) {
    problems.sort_by(|a, b| a.runtime.cmp(&b.runtime));
}

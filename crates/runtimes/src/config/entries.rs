//! The values of daemon.json that concern runtimes, as they are written.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::json::Value;

/// The part of daemon.json that this crate uses.
///
/// [`Config::parse`] makes it from text, and a daemon can make it by hand. Only a
/// [`Checked`](crate::Checked) configuration makes a table: [`Config::check`].
///
/// An absent key and its empty value mean the same: no runtimes of one's own, and `runc`
/// by default. So a reload of a file without a key puts the default back.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// `default-runtime`: used when a container names none. `None` is `runc`.
    pub default_runtime: Option<String>,
    /// `runtimes`, by name. Any text can be a name, except the reserved ones.
    pub runtimes: BTreeMap<String, RuntimeEntry>,
}

/// One entry of `runtimes`: either a program, or a containerd shim.
///
/// JSON can only hold Unicode text. Path and arguments that are set here may hold any
/// byte except NUL.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RuntimeEntry {
    /// `path`: the program; absolute, or a bare name that is looked up in `PATH`.
    pub path: Option<PathBuf>,
    /// `runtimeArgs`: words put before the caller's. They make the entry a wrapper script.
    pub runtime_args: Vec<OsString>,
    /// `runtimeType`: name or path of a containerd shim, instead of a program.
    pub runtime_type: Option<String>,
    /// `options` for the shim, as written.
    pub options: BTreeMap<String, Value>,
}

impl PartialEq for RuntimeEntry {
    /// Paths are compared byte by byte: the kernel runs `/bin/true` and refuses `/bin/true/`.
    fn eq(&self, other: &Self) -> bool {
        is_same_text(self.path.as_deref(), other.path.as_deref())
            && self.runtime_args == other.runtime_args
            && self.runtime_type == other.runtime_type
            && self.options == other.options
    }
}

/// Whether both paths are written in the same way. To the standard library, paths that differ only
/// in slashes are equal.
pub(crate) fn is_same_text(a: Option<&Path>, b: Option<&Path>) -> bool {
    a.map(Path::as_os_str) == b.map(Path::as_os_str)
}

impl RuntimeEntry {
    /// An entry for a program.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
            ..Self::default()
        }
    }

    /// An entry for a program with arguments of its own.
    pub fn wrapper<A: Into<OsString>>(
        path: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let runtime_args = args.into_iter().map(Into::into).collect();
        Self {
            path: Some(path.into()),
            runtime_args,
            ..Self::default()
        }
    }

    /// An entry for a containerd shim, without options.
    pub fn shim(runtime_type: impl Into<String>) -> Self {
        Self {
            runtime_type: Some(runtime_type.into()),
            ..Self::default()
        }
    }

    /// The program, if one is named; an empty path names none.
    pub(crate) fn program_path(&self) -> Option<&PathBuf> {
        self.path
            .as_ref()
            .filter(|path| !path.as_os_str().is_empty())
    }

    /// The shim, if one is named; an empty type names none.
    pub(crate) fn shim_name(&self) -> Option<&str> {
        self.runtime_type.as_deref().filter(|shim| !shim.is_empty())
    }
}

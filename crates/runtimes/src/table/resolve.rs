//! Turns a runtime's name into what containerd is told, or into a reason why not.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

use super::runtime_table::{Runtime, RuntimeKind, Runtimes};
use crate::answering::SlowMounts;
use crate::config::ShimOptions;
use crate::error::{Error, ErrorKind};
use crate::names::is_permissible;
use crate::preflight::{self, Asked, PreflightFault, Search, look_at};
use crate::scripts::SHELL;
use crate::scripts::ScriptStore;

/// What a daemon tells containerd about the runtime of a container.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ResolvedRuntime<'a> {
    /// The runtime's name; where the default was asked for, the default's.
    pub name: &'a str,
    /// Name or path of the shim.
    pub shim: &'a str,
    /// The program as configured; `None` for a shim.
    pub binary: Option<&'a Path>,
    /// The wrapper script, which `binary_name` in `options` then names.
    pub script: Option<&'a Path>,
    /// Options for the shim; `None` is "no options".
    pub options: Option<&'a ShimOptions>,
}

/// Why a name could not be resolved.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResolveError {
    /// `unknown-runtime`: not built in, not configured, and no possible name of a shim.
    UnknownRuntime {
        /// The name asked for.
        name: String,
    },
    /// `preflight`: known, but it could not start here and now.
    Preflight {
        /// The runtime's name.
        name: String,
        /// The program or script that stands in the way.
        path: PathBuf,
        /// What is wrong with it.
        why: PreflightFault,
    },
    /// `publish`: its wrapper script could not be written. Only from
    /// [`Runtimes::resolve_and_publish`].
    Publish {
        /// The runtime's name.
        name: String,
        /// What failed.
        source: Error,
    },
}

impl ResolveError {
    /// The runtime's name.
    pub fn runtime(&self) -> &str {
        match self {
            Self::UnknownRuntime { name }
            | Self::Preflight { name, .. }
            | Self::Publish { name, .. } => name,
        }
    }

    /// The name that machines read: `unknown-runtime`, `preflight` or `publish`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownRuntime { .. } => "unknown-runtime",
            Self::Preflight { .. } => "preflight",
            Self::Publish { .. } => "publish",
        }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRuntime { name } => {
                write!(f, "unknown or invalid runtime name {name:?}")
            }
            Self::Preflight { name, path, why } => {
                write!(f, "runtime {name:?}: {path:?}: {why}")
            }
            Self::Publish { name, .. } => write!(f, "publish script of runtime {name:?}"),
        }
    }
}

impl StdError for ResolveError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Publish { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Runtimes {
    /// Resolves a name as a container's start needs it; the empty name is the default.
    ///
    /// A name that is not configured is passed on as it is if it could be a shim's. A
    /// wrapper is checked first, since the shell would only fail much later: the program
    /// and the script must be executable. Other programs are left to the shim, as moby
    /// does; [`preflight`](Self::preflight) checks any.
    ///
    /// # Errors
    ///
    /// [`ResolveError::UnknownRuntime`] and [`ResolveError::Preflight`].
    pub fn resolve<'a>(&'a self, name: &'a str) -> Result<ResolvedRuntime<'a>, ResolveError> {
        let resolved = self.resolve_name(name)?;
        if let Some(row) = self
            .lookup(name)
            .filter(|row| row.kind == RuntimeKind::Wrapper)
        {
            self.check(row)?;
            check_script(row)?;
        }
        Ok(resolved)
    }

    /// As [`resolve`](Self::resolve), but writes the wrapper script before it answers.
    ///
    /// Use it for a single question to a table that no [`Registry`](crate::Registry) keeps, as a
    /// command does. It writes only that one script, and only if the program could start.
    ///
    /// # Errors
    ///
    /// As `resolve`, and [`ResolveError::Publish`].
    pub fn resolve_and_publish<'a>(
        &'a self,
        name: &'a str,
    ) -> Result<ResolvedRuntime<'a>, ResolveError> {
        if let Some(row) = self.lookup(name).filter(|row| row.wrapper.is_some()) {
            self.check(row)?;
            let script = row.wrapper.as_deref().into_iter();
            let published =
                ScriptStore::open(&self.options.script_dir).and_then(|store| store.publish(script));
            published.map_err(|error| self.refused(row, error))?;
        }
        self.resolve(name)
    }

    /// Checks whether the program of a runtime of any kind could start.
    ///
    /// For a shim, this checks the shim's program under the name that containerd gives it. It looks
    /// in the search path of the options. containerd itself may have another search path.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve). Of a wrapper only the program is checked, so this
    /// can be asked before its script is written. A file system that does not answer is waited for
    /// five seconds, in a thread of its own: [`PreflightFault::NoAnswer`].
    pub fn preflight(&self, name: &str) -> Result<(), ResolveError> {
        let resolved = self.resolve_name(name)?;
        let asked = self.program_of(name)?;
        let looked = look_at(BTreeSet::from([asked.clone()]), &self.options.search_path);
        let found = looked.at(&asked);
        found.map(drop).map_err(|why| ResolveError::Preflight {
            name: resolved.name.to_owned(),
            path: asked.path().to_owned(),
            why,
        })
    }

    /// The program that a runtime of this name is started with.
    pub(super) fn program_of(&self, name: &str) -> Result<Asked, ResolveError> {
        let resolved = self.resolve_name(name)?;
        Ok(match resolved.binary {
            Some(binary) => Asked::Program(binary.as_os_str().to_owned()),
            None => Asked::Shim(resolved.shim.to_owned()),
        })
    }

    fn resolve_name<'a>(&'a self, name: &'a str) -> Result<ResolvedRuntime<'a>, ResolveError> {
        if let Some(row) = self.lookup(name) {
            return Ok(ResolvedRuntime {
                name: &row.name,
                shim: &row.shim,
                binary: row.binary.as_deref(),
                script: row.script.as_deref(),
                options: row.options.as_ref(),
            });
        }
        let name = if name.is_empty() {
            self.default_name()
        } else {
            name
        };
        if !is_permissible(name) {
            return Err(ResolveError::UnknownRuntime {
                name: name.to_owned(),
            });
        }
        Ok(ResolvedRuntime {
            name,
            shim: name,
            binary: None,
            script: None,
            options: None,
        })
    }

    fn check(&self, row: &Runtime) -> Result<(), ResolveError> {
        let asked = self.program_of(&row.name)?;
        let slow = SlowMounts::now();
        let found = asked.look(Search::new(&self.options.search_path, &slow));
        found.map(drop).map_err(|why| fault(row, asked.path(), why))
    }

    /// Where no script can run, the runtime cannot start. So this is a preflight error and not an
    /// error of publishing.
    fn refused(&self, row: &Runtime, error: Error) -> ResolveError {
        match error.kind() {
            ErrorKind::NoExec => {
                fault(row, &self.options.script_dir, PreflightFault::ScriptsNoExec)
            }
            ErrorKind::NoShell => fault(row, Path::new(SHELL), PreflightFault::NoShell),
            _ => ResolveError::Publish {
                name: row.name.clone(),
                source: error,
            },
        }
    }
}

fn check_script(row: &Runtime) -> Result<(), ResolveError> {
    let Some(script) = &row.script else {
        return Ok(());
    };
    let why = match preflight::executable(script) {
        Ok(_) => return Ok(()),
        Err(PreflightFault::NoExec) => PreflightFault::ScriptsNoExec,
        Err(why @ PreflightFault::Unreachable(_)) => why,
        Err(_) => PreflightFault::ScriptMissing,
    };
    Err(fault(row, script, why))
}

fn fault(row: &Runtime, path: &Path, why: PreflightFault) -> ResolveError {
    ResolveError::Preflight {
        name: row.name.clone(),
        path: path.to_owned(),
        why,
    }
}

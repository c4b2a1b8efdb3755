//! Decides which runtimes of a table do not work here. Everyone who tells of them asks this file.

use std::fmt;

use nix::libc::{EACCES, EPERM};

use super::runtime_table::Runtimes;
use crate::names::shown;
use crate::preflight::{Looked, PreflightFault, look_at};

/// A runtime that does not work here, although its entry is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeFault {
    /// The runtime's name.
    pub runtime: String,
    /// Whether it cannot start, or fails when it runs.
    pub kind: RuntimeFaultKind,
    /// Whether it is the default runtime: a container that names no runtime gets it.
    pub is_default: bool,
    /// What is wrong, without the runtime's name.
    pub reason: String,
    /// What a person can do about it.
    pub remedy: &'static str,
    /// Whether the caller was refused a look at its program. Then a daemon may be able to start it.
    pub is_denied: bool,
}

/// In which way a runtime does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFaultKind {
    /// `preflight`: its program could not start.
    CannotStart,
    /// `probe`: it was asked for its features and did not answer as a runtime does.
    DoesNotAnswer,
}

impl RuntimeFaultKind {
    /// The name that machines read: `preflight` or `probe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CannotStart => "preflight",
            Self::DoesNotAnswer => "probe",
        }
    }
}

impl fmt::Display for RuntimeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runtime {}: {}", shown(&self.runtime), self.reason)
    }
}

impl Runtimes {
    /// The configured runtimes and the default runtime, as far as they do not work here.
    ///
    /// A built-in runtime counts only if it is the default: a host may work without it. A runtime
    /// that could start is judged by its answer, if the table was probed.
    ///
    /// The look at all programs takes five seconds at most. What has not answered by then is a
    /// fault of its own: [`PreflightFault::NoAnswer`](crate::PreflightFault::NoAnswer).
    pub fn faults(&self) -> Vec<RuntimeFault> {
        let looked = self.look_at(self.concerned());
        let faults = self.concerned().filter_map(|name| {
            let of_start = self.start_fault(name, &looked);
            of_start.or_else(|| self.probe_fault(name))
        });
        faults.collect()
    }

    /// The configured runtimes and the default runtime, as far as they could not start.
    ///
    /// The choice is the one of [`faults`](Self::faults). No answer of a runtime is looked at.
    pub fn cannot_start(&self) -> Vec<RuntimeFault> {
        self.cannot_start_among(|_| true)
    }

    /// The same for the runtimes of these names. No other program is looked at.
    pub(crate) fn cannot_start_among(&self, is_asked: impl Fn(&str) -> bool) -> Vec<RuntimeFault> {
        let asked: Vec<_> = self.concerned().filter(|name| is_asked(name)).collect();
        let looked = self.look_at(asked.iter().copied());
        let faults = asked
            .iter()
            .filter_map(|name| self.start_fault(name, &looked));
        faults.collect()
    }

    /// The names of the runtimes that must work, each once.
    fn concerned(&self) -> impl Iterator<Item = &str> {
        let configured = self.iter().filter(|row| !row.stock);
        let configured = configured.map(|row| row.name.as_str());
        let default = Some(self.default_name());
        let default = default.filter(|name| self.lookup(name).is_none_or(|row| row.stock));
        configured.chain(default)
    }

    /// Looks at the programs of these runtimes, under one limit of time for all.
    fn look_at<'n>(&self, names: impl Iterator<Item = &'n str>) -> Looked {
        // An unknown name is a problem of the configuration and is reported there.
        let asked = names.filter_map(|name| self.program_of(name).ok());
        look_at(asked.collect(), &self.options.search_path)
    }

    fn start_fault(&self, name: &str, looked: &Looked) -> Option<RuntimeFault> {
        let asked = self.program_of(name).ok()?;
        let why = looked.at(&asked).err()?;
        let reason = format!("{:?}: {why}", asked.path());
        let kind = RuntimeFaultKind::CannotStart;
        Some(RuntimeFault {
            is_denied: matches!(why, PreflightFault::Unreachable(EACCES | EPERM)),
            ..self.fault(name, kind, reason, why.remedy())
        })
    }

    fn probe_fault(&self, name: &str) -> Option<RuntimeFault> {
        let reason = self.lookup(name)?.features.fault()?.to_owned();
        let remedy = "run it by hand with its arguments and `features`";
        Some(self.fault(name, RuntimeFaultKind::DoesNotAnswer, reason, remedy))
    }

    fn fault(
        &self,
        name: &str,
        kind: RuntimeFaultKind,
        reason: String,
        remedy: &'static str,
    ) -> RuntimeFault {
        RuntimeFault {
            runtime: name.to_owned(),
            kind,
            is_default: name == self.default_name(),
            reason,
            remedy,
            is_denied: false,
        }
    }
}

//! Decides which runtimes of a table do not work here. Everyone who tells of them asks this file.

use std::fmt;

use super::resolve::ResolveError;
use super::runtime_table::Runtimes;
use crate::names::shown;

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
    pub fn faults(&self) -> Vec<RuntimeFault> {
        let faults = self.concerned().filter_map(|name| {
            let of_start = self.start_fault(name);
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
        let asked = self.concerned().filter(|name| is_asked(name));
        asked.filter_map(|name| self.start_fault(name)).collect()
    }

    /// The names of the runtimes that must work, each once.
    fn concerned(&self) -> impl Iterator<Item = &str> {
        let configured = self.iter().filter(|row| !row.stock);
        let configured = configured.map(|row| row.name.as_str());
        let default = Some(self.default_name());
        let default = default.filter(|name| self.lookup(name).is_none_or(|row| row.stock));
        configured.chain(default)
    }

    fn start_fault(&self, name: &str) -> Option<RuntimeFault> {
        // An unknown name is a problem of the configuration and is reported there.
        let Err(ResolveError::Preflight { path, why, .. }) = self.preflight(name) else {
            return None;
        };
        let reason = format!("{path:?}: {why}");
        Some(self.fault(name, RuntimeFaultKind::CannotStart, reason))
    }

    fn probe_fault(&self, name: &str) -> Option<RuntimeFault> {
        let reason = self.lookup(name)?.features.fault()?.to_owned();
        Some(self.fault(name, RuntimeFaultKind::DoesNotAnswer, reason))
    }

    fn fault(&self, name: &str, kind: RuntimeFaultKind, reason: String) -> RuntimeFault {
        RuntimeFault {
            runtime: name.to_owned(),
            kind,
            is_default: name == self.default_name(),
            reason,
        }
    }
}

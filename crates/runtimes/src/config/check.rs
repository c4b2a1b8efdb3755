//! The rules a configuration must keep. Pure: nothing is opened or looked up.

use std::collections::BTreeSet;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::shim_options as options;
use crate::config::{Config, RuntimeEntry, UnknownKey};
use crate::json::Value;
use crate::table::{STOCK, is_permissible};

/// One fault in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The runtime concerned; `None` when it is the file as a whole.
    pub runtime: Option<String>,
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
            Self::UnknownDefault => "unknown-default",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Problem {
    pub(crate) fn new(runtime: Option<&str>, kind: ProblemKind, what: &str) -> Self {
        let message = match runtime {
            Some(name) => format!("runtime {name:?}: {what}"),
            None => what.to_owned(),
        };
        Self {
            runtime: runtime.map(str::to_owned),
            kind,
            message,
        }
    }
}

/// Sorts by runtime name, the file's own first; order within a name stays.
pub(crate) fn sort(problems: &mut [Problem]) {
    problems.sort_by(|a, b| a.runtime.cmp(&b.runtime));
}

/// Applies the rules. About entries in `broken` only what does not follow from the
/// unreadable member is said.
pub(crate) fn check(
    config: &Config,
    broken: &BTreeSet<String>,
    default_is_broken: bool,
) -> (Vec<Problem>, Vec<UnknownKey>) {
    let mut problems = Vec::new();
    let mut unknown = Vec::new();
    for (name, entry) in &config.runtimes {
        let mut report = |kind, what: &str| problems.push(Problem::new(Some(name), kind, what));
        if let Some((kind, what)) = shape_fault(name, entry, broken.contains(name)) {
            report(kind, what);
        }
        for what in nul_faults(entry) {
            report(ProblemKind::Parse, &what);
        }
        if shim_is_certain(name, entry) {
            check_options(entry, &mut report, &mut |key, value| {
                unknown.push(UnknownKey {
                    runtime: Some(name.clone()),
                    key,
                    value,
                });
            });
        }
    }
    if !default_is_broken {
        problems.extend(default_fault(config));
    }
    (problems, unknown)
}

/// Why the entry does not say what to run; at most one answer, since the next one would
/// depend on how this is mended.
fn shape_fault(
    name: &str,
    entry: &RuntimeEntry,
    broken: bool,
) -> Option<(ProblemKind, &'static str)> {
    let path = entry.has_path();
    let shim = entry.has_type();
    if name.is_empty() {
        return Some((
            ProblemKind::ReservedName,
            "the empty name stands for the default runtime",
        ));
    }
    if STOCK.contains(&name) {
        return Some((
            ProblemKind::ReservedName,
            "the name is built in; choose another",
        ));
    }
    match (path, shim) {
        (false, false) if broken => None,
        (false, false) => Some((
            ProblemKind::NeedsPathOrType,
            "needs a path or a runtimeType",
        )),
        (true, true) => Some((
            ProblemKind::PathAndType,
            "has both a path and a runtimeType; keep one",
        )),
        (true, false) if !entry.options.is_empty() => Some((
            ProblemKind::OptionsWithPath,
            "options need a runtimeType, not a path",
        )),
        (false, true) if !entry.runtime_args.is_empty() => Some((
            ProblemKind::ArgsWithType,
            "runtimeArgs need a path, not a runtimeType",
        )),
        _ => None,
    }
}

fn shim_is_certain(name: &str, entry: &RuntimeEntry) -> bool {
    entry.has_type() && !entry.has_path() && !STOCK.contains(&name) && !name.is_empty()
}

fn nul_faults(entry: &RuntimeEntry) -> impl Iterator<Item = String> {
    let nul = |bytes: &[u8]| bytes.contains(&0);
    let path = entry
        .path
        .as_ref()
        .is_some_and(|path| nul(path.as_os_str().as_bytes()));
    let shim = entry
        .runtime_type
        .as_ref()
        .is_some_and(|shim| nul(shim.as_bytes()));
    let args = entry.runtime_args.iter().any(|arg| nul(arg.as_bytes()));
    let places = [(path, "path"), (args, "runtimeArgs"), (shim, "runtimeType")];
    let found = places.into_iter().filter(|(found, _)| *found);
    found.map(|(_, key)| format!("{key} holds a NUL byte, which no program can be given"))
}

fn check_options(
    entry: &RuntimeEntry,
    report: &mut impl FnMut(ProblemKind, &str),
    unknown: &mut impl FnMut(String, Value),
) {
    let shim = entry.runtime_type.as_deref().unwrap_or_default();
    let conversion = options::convert(shim, &entry.options);
    for fault in &conversion.faults {
        report(ProblemKind::BadOptions, fault);
    }
    for key in &conversion.repeated {
        report(
            ProblemKind::Duplicate,
            &format!("option {key:?} is given in two spellings"),
        );
    }
    for key in conversion.unknown {
        let value = entry.options[&key].clone();
        unknown(format!("options.{key}"), value);
    }
}

fn default_fault(config: &Config) -> Option<Problem> {
    let name = config.default_runtime.as_deref().unwrap_or_default();
    let known = name.is_empty()
        || STOCK.contains(&name)
        || config.runtimes.contains_key(name)
        || is_permissible(name);
    let what = "is the default-runtime, but is not configured";
    (!known).then(|| Problem::new(Some(name), ProblemKind::UnknownDefault, what))
}

impl RuntimeEntry {
    /// Whether a program is named; an empty path names none.
    pub(crate) fn has_path(&self) -> bool {
        self.path
            .as_ref()
            .is_some_and(|path| !path.as_os_str().is_empty())
    }

    /// Whether a shim is named; an empty type names none.
    pub(crate) fn has_type(&self) -> bool {
        self.runtime_type
            .as_ref()
            .is_some_and(|shim| !shim.is_empty())
    }
}

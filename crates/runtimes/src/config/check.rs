//! Checks a configuration against the rules, and says what each sound entry means.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::entries::{Config, RuntimeEntry};
use super::problem::{Problem, ProblemKind, Problems};
use super::shim_options::{self, ShimOptions};
use super::unknown_key::UnknownKey;
use crate::names::{STOCK, is_permissible};

/// The longest path that the kernel takes. A name goes into labels, which are no longer.
pub(super) const MAX_PATH: usize = 4095;

/// The most bytes of arguments that the kernel takes, whatever the limit of the stack.
const MAX_ARGS: usize = 6 << 20;

/// A configuration that keeps every rule. A table is made only from such a one.
///
/// The default has no runtimes of its own.
#[derive(Debug, Clone, Default)]
pub struct Checked(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    config: Config,
    /// The shim options of the entries that have some, by name.
    shim_options: BTreeMap<String, ShimOptions>,
}

/// What a sound entry says to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Meaning<'a> {
    Program {
        path: &'a Path,
        /// The arguments. Neither they nor the path hold a NUL.
        args: &'a [OsString],
    },
    Shim {
        shim: &'a str,
        options: Option<&'a ShimOptions>,
    },
}

impl Checked {
    /// The values that were checked.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What each entry means, sorted by name.
    pub(crate) fn meanings(&self) -> impl Iterator<Item = (&str, Meaning<'_>)> {
        let Inner {
            config,
            shim_options,
        } = &*self.0;
        config.runtimes.iter().map(|(name, entry)| {
            let meaning = match (entry.program_path(), entry.shim_name()) {
                (Some(path), _) => Meaning::Program {
                    path,
                    args: &entry.runtime_args,
                },
                (None, shim) => Meaning::Shim {
                    shim: shim.expect("a checked entry names a program or a shim"),
                    options: shim_options.get(name),
                },
            };
            (name.as_str(), meaning)
        })
    }

    /// Whether both are the same value in memory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Checked {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.config() == other.config()
    }
}

impl TryFrom<Config> for Checked {
    type Error = Problems;

    fn try_from(config: Config) -> Result<Self, Problems> {
        config.check()
    }
}

impl Config {
    /// Checks values that were made by hand against every rule.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once.
    pub fn check(self) -> Result<Checked, Problems> {
        let judged = judge(&self, &BTreeSet::new(), false);
        Problems::if_any(judged.problems)?;
        Ok(Checked::new(self, judged.shim_options))
    }
}

impl Checked {
    /// Every entry of `config` must be sound.
    pub(super) fn new(config: Config, shim_options: BTreeMap<String, ShimOptions>) -> Self {
        Self(Arc::new(Inner {
            config,
            shim_options,
        }))
    }
}

/// What the check of a configuration found.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// The options of shims, by the entry's name. Those of an entry with a problem mean nothing.
    pub(super) shim_options: BTreeMap<String, ShimOptions>,
    pub(super) problems: Vec<Problem>,
    pub(super) unknown: Vec<UnknownKey>,
}

/// Applies the rules. An entry in `broken` has an unreadable member; faults that follow from that
/// member are not reported.
pub(super) fn judge(config: &Config, broken: &BTreeSet<String>, default_is_broken: bool) -> Judged {
    let mut judged = Judged::default();
    for (name, entry) in &config.runtimes {
        let mut faults = Faults::default();
        if let Some(options) = look(name, entry, broken.contains(name), &mut faults) {
            judged.shim_options.insert(name.clone(), options);
        }
        if faults.found.is_empty() && faults.unknown.is_empty() {
            continue;
        }
        // One name for all of them: it may be long, and they many.
        let shared: Arc<str> = Arc::from(name.as_str());
        let runtime = || Some(Arc::clone(&shared));
        let problem = |(kind, what): (_, String)| Problem::shared(runtime(), kind, &what);
        judged
            .problems
            .extend(faults.found.into_iter().map(problem));
        judged
            .unknown
            .extend(faults.unknown.into_iter().map(|key| UnknownKey {
                runtime: runtime(),
                nearest: None,
                key: format!("options.{key}"),
            }));
    }
    if !default_is_broken {
        judged.problems.extend(default_fault(config));
    }
    judged
}

/// What is wrong with one entry.
#[derive(Default)]
struct Faults {
    found: Vec<(ProblemKind, String)>,
    /// Options that the shim does not have.
    unknown: Vec<String>,
}

/// Collects the faults of one entry, and the options of its shim.
fn look(
    name: &str,
    entry: &RuntimeEntry,
    broken: bool,
    faults: &mut Faults,
) -> Option<ShimOptions> {
    let shape = shape_fault(name, entry, broken);
    let is_reserved = matches!(shape, Some((ProblemKind::ReservedName, _)));
    faults
        .found
        .extend(shape.map(|(kind, what)| (kind, what.to_owned())));
    faults
        .found
        .extend(nul_faults(entry).map(|what| (ProblemKind::Parse, what)));
    faults
        .found
        .extend(length_fault(name, entry).map(|what| (ProblemKind::Parse, what)));
    match (entry.program_path(), entry.shim_name()) {
        (None, Some(shim)) if !is_reserved => options(shim, entry, faults),
        _ => None,
    }
}

/// Why the entry does not say what to run. Only the first reason is given: the next one would
/// depend on how this one is repaired.
fn shape_fault(
    name: &str,
    entry: &RuntimeEntry,
    broken: bool,
) -> Option<(ProblemKind, &'static str)> {
    let path = entry.program_path().is_some();
    let shim = entry.shim_name().is_some();
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

/// What no program can be called by or be given, however the host is set up.
fn length_fault(name: &str, entry: &RuntimeEntry) -> Option<String> {
    let path = entry.path.as_ref().map_or(0, |path| path.as_os_str().len());
    let shim = entry.runtime_type.as_ref().map_or(0, String::len);
    let places = [
        (name.len(), "its name"), // of a configuration that was made and not read
        (path, "path"),
        (shim, "runtimeType"),
    ];
    let long = places.into_iter().find(|(length, _)| *length > MAX_PATH);
    if let Some((_, what)) = long {
        return Some(format!("{what} is longer than {MAX_PATH} bytes"));
    }
    let args: usize = entry.runtime_args.iter().map(|arg| arg.len() + 1).sum();
    let what = || format!("runtimeArgs have more than {MAX_ARGS} bytes, which no program is given");
    (args > MAX_ARGS).then(what)
}

/// The options as the shim takes them.
fn options(shim: &str, entry: &RuntimeEntry, faults: &mut Faults) -> Option<ShimOptions> {
    let conversion = shim_options::convert(shim, &entry.options);
    let bad = conversion.faults.into_iter();
    faults
        .found
        .extend(bad.map(|what| (ProblemKind::BadOptions, what)));
    let repeated = conversion.repeated.iter();
    faults.found.extend(repeated.map(|key| {
        let what = format!("option {key:?} is given in two spellings");
        (ProblemKind::Duplicate, what)
    }));
    faults.unknown.extend(conversion.unknown);
    conversion.options
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

//! The runtime table: one immutable value made from a configuration, and look-ups in it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::Index;
use crate::config::shim_options::{self as options, RUNC_SHIM, RuncOptions, ShimOptions};
use crate::config::{Config, RuntimeEntry};
use crate::error::Error;
use crate::features::FeaturesState;
use crate::scripts::Script;

/// The names of the built-in runtimes. Both run `runc` from `PATH` through its shim.
pub const STOCK: [&str; 2] = ["io.containerd.runc.v2", "runc"];

/// The runtime used when neither the container nor the configuration names one.
pub const DEFAULT: &str = "runc";

/// What a table is made with besides the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Directory of the wrapper scripts, absolute. Docker's is `<data root>/runtimes`.
    pub script_dir: PathBuf,
    /// The daemon's run-time directory. Default `/var/run/docker`.
    pub exec_root: PathBuf,
    /// Let systemd make the cgroups of containers. Default false.
    pub systemd_cgroup: bool,
    /// Do not use pivot_root(2). Default false.
    pub no_pivot_root: bool,
    /// Where bare names are looked up, colon-separated. Default: `PATH` of the process.
    pub search_path: OsString,
    /// Limits for asking runtimes about their features.
    pub probe: crate::features::Limits,
}

impl Settings {
    /// Settings with scripts in this directory, and defaults for the rest.
    ///
    /// A relative directory is taken from the working directory of now: scripts are
    /// called from others.
    pub fn new(script_dir: impl Into<PathBuf>) -> Self {
        let script_dir = script_dir.into();
        Self {
            script_dir: std::path::absolute(&script_dir).unwrap_or(script_dir),
            exec_root: PathBuf::from("/var/run/docker"),
            systemd_cgroup: false,
            no_pivot_root: false,
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            probe: crate::features::Limits::default(),
        }
    }
}

/// What kind of thing runs the containers of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuntimeKind {
    /// A program, called by the runc shim.
    Binary,
    /// A program with arguments of its own, called through a wrapper script.
    Wrapper,
    /// A containerd shim.
    Shim,
}

impl RuntimeKind {
    /// The name that machines read: `binary`, `wrapper` or `shim`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Wrapper => "wrapper",
            Self::Shim => "shim",
        }
    }
}

/// One row of the table: a runtime, and all that follows from its entry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Runtime {
    /// The name containers ask for.
    pub name: String,
    /// What kind it is.
    pub kind: RuntimeKind,
    /// Name or path of the containerd shim.
    pub shim: String,
    /// The program as configured; `None` for a shim.
    pub binary: Option<PathBuf>,
    /// The program's own arguments; not empty exactly for a wrapper.
    pub args: Vec<OsString>,
    /// Absolute path of the wrapper script; `None` if there is no need for one.
    pub script: Option<PathBuf>,
    /// What containerd is to hand to the shim.
    pub options: Option<ShimOptions>,
    /// Whether it is built in.
    pub stock: bool,
    /// What is known of its features in this snapshot.
    pub features: FeaturesState,
    /// Shared, so that the next snapshot need not render and digest it again.
    pub(crate) wrapper: Option<Arc<Script>>,
}

/// The table of runtimes: configuration and everything derived, as one value.
///
/// Nothing in it ever changes. Take one per unit of work and pass it down; what it says
/// of a script stays true as long as the process lives.
#[derive(Debug, Clone)]
pub struct Runtimes {
    pub(crate) config: Arc<Config>,
    pub(crate) rows: Vec<Arc<Runtime>>,
    pub(crate) settings: Arc<Settings>,
    index: Index,
    default: String,
}

impl Runtimes {
    /// Works out the table for a configuration. Pure: nothing is written, opened or run.
    ///
    /// Entries that break a rule are left out; [`Config::validate`] says which and why.
    pub fn plan(config: &Config, settings: &Settings) -> Self {
        Self::build(Arc::new(config.clone()), Arc::new(settings.clone()), &[])
    }

    /// As [`plan`](Self::plan), taking over rows of `previous` that would come out equal.
    pub(crate) fn build(
        config: Arc<Config>,
        settings: Arc<Settings>,
        previous: &[Arc<Runtime>],
    ) -> Self {
        let old = |name: &str| {
            let place = previous
                .binary_search_by(|row| row.name.as_str().cmp(name))
                .ok()?;
            Some(&previous[place])
        };
        let stock = STOCK.iter().map(|name| match old(name) {
            Some(row) => Arc::clone(row),
            None => Arc::new(stock(name, &settings)),
        });
        let configured = config.runtimes.iter().filter_map(|(name, entry)| {
            match old(name).filter(|row| is_made_from(row, entry)) {
                Some(row) => Some(Arc::clone(row)),
                None => configured(name, entry, &settings)
                    .ok()
                    .flatten()
                    .map(Arc::new),
            }
        });
        let mut rows: Vec<_> = stock.chain(configured).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        let default = config
            .default_runtime
            .as_deref()
            .filter(|name| !name.is_empty());
        let default = default.unwrap_or(DEFAULT).to_owned();
        Self {
            index: Index::new(rows.iter().map(|row| row.name.as_str())),
            config,
            rows,
            settings,
            default,
        }
    }

    /// The same table with other rows in the same places.
    pub(crate) fn with_rows(&self, rows: Vec<Arc<Runtime>>) -> Self {
        Self {
            rows,
            ..self.clone()
        }
    }

    /// The row of this name, built in or configured. The empty name is the default's.
    ///
    /// No system call, no allocation; the work does not grow with the table.
    pub fn lookup(&self, name: &str) -> Option<&Runtime> {
        self.row(if name.is_empty() { &self.default } else { name })
    }

    /// The row of exactly this name.
    #[inline]
    pub(crate) fn row(&self, name: &str) -> Option<&Runtime> {
        let place = self
            .index
            .find(name, |place| self.rows[place].name.as_str())?;
        Some(&self.rows[place])
    }

    /// The name that an empty name stands for. It need not be a row: it may be a shim's.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// All rows, built-in ones included, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Runtime> {
        self.rows.iter().map(|row| &**row)
    }

    /// The configuration this table was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What else it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The wrapper scripts the table needs, one for each row that has one.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.rows.iter().filter_map(|row| row.wrapper.as_deref())
    }
}

/// Whether containerd could find a shim by this name, so that it may be used without
/// being configured.
///
/// moby's rule: not absolute, no slash, at least one dot, and something before the first.
pub fn is_permissible(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    !name.contains('/') && name.contains('.') && !first.is_empty()
}

fn stock(name: &str, settings: &Settings) -> Runtime {
    let mut row = program(name, Path::new(DEFAULT), settings);
    row.stock = true;
    row
}

/// A row without arguments for a program.
fn program(name: &str, binary: &Path, settings: &Settings) -> Runtime {
    Runtime {
        name: name.to_owned(),
        kind: RuntimeKind::Binary,
        shim: RUNC_SHIM.to_owned(),
        binary: Some(binary.to_owned()),
        args: Vec::new(),
        script: None,
        options: Some(runc_options(binary.as_os_str(), settings)),
        stock: false,
        features: FeaturesState::NotProbed,
        wrapper: None,
    }
}

/// The options that the runc shim gets for a program.
fn runc_options(binary: &OsStr, settings: &Settings) -> ShimOptions {
    ShimOptions::Runc(RuncOptions {
        binary_name: Some(binary.to_owned()),
        root: Some(settings.exec_root.join("runtime-runc")),
        systemd_cgroup: Some(settings.systemd_cgroup),
        no_pivot_root: Some(settings.no_pivot_root),
        ..RuncOptions::default()
    })
}

/// The row for an entry; `None` for one that breaks a rule.
fn configured(
    name: &str,
    entry: &RuntimeEntry,
    settings: &Settings,
) -> Result<Option<Runtime>, Error> {
    if name.is_empty() || STOCK.contains(&name) {
        return Ok(None);
    }
    let path = entry.path.as_deref().filter(|_| entry.has_path());
    let shim = entry.runtime_type.as_deref().filter(|_| entry.has_type());
    Ok(match (path, shim) {
        (Some(path), None) if entry.options.is_empty() => {
            Some(with_args(program(name, path, settings), entry, settings)?)
        }
        (None, Some(shim)) if entry.runtime_args.is_empty() && !shim.contains('\0') => {
            let conversion = options::convert(shim, &entry.options);
            let sound = conversion.faults.is_empty() && conversion.repeated.is_empty();
            sound.then(|| shim_row(name, shim, conversion.options))
        }
        _ => None,
    })
}

fn with_args(
    mut row: Runtime,
    entry: &RuntimeEntry,
    settings: &Settings,
) -> Result<Runtime, Error> {
    let binary = row
        .binary
        .as_deref()
        .expect("a program's row has its binary");
    // Rendered also without arguments: that is the check for NUL.
    let script = Script::new(&row.name, binary, &entry.runtime_args)?;
    if !entry.runtime_args.is_empty() {
        let path = settings.script_dir.join(script.file_name());
        row.kind = RuntimeKind::Wrapper;
        row.args.clone_from(&entry.runtime_args);
        row.options = Some(runc_options(path.as_os_str(), settings));
        row.script = Some(path);
        row.wrapper = Some(Arc::new(script));
    }
    Ok(row)
}

fn shim_row(name: &str, shim: &str, options: Option<ShimOptions>) -> Runtime {
    Runtime {
        name: name.to_owned(),
        kind: RuntimeKind::Shim,
        shim: shim.to_owned(),
        binary: None,
        args: Vec::new(),
        script: None,
        options,
        stock: false,
        features: FeaturesState::NotApplicable,
        wrapper: None,
    }
}

/// Whether a row of an earlier table, made with equal settings, came from this entry.
/// Only said of programs: a shim's row is cheap to make.
fn is_made_from(row: &Runtime, entry: &RuntimeEntry) -> bool {
    !row.stock
        && row.binary.is_some()
        && row.binary == entry.path
        && row.args == entry.runtime_args
        && !entry.has_type()
        && entry.options.is_empty()
}

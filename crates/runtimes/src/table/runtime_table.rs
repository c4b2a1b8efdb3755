//! The runtime table: one immutable value made from a configuration, and look-ups in it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::Index;
use super::table_options::TableOptions;
use crate::config::{Checked, Config, Inspected, Meaning, RUNC_SHIM, RuncOptions, ShimOptions};
use crate::config::{is_same_options, is_same_text};
use crate::features::FeaturesState;
use crate::names::{DEFAULT, STOCK};
use crate::scripts::Script;

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

/// One row of the table: a runtime, and everything that follows from its entry.
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
    /// It is shared, so that the next table need not make the text and its digest again.
    pub(crate) wrapper: Option<Arc<Script>>,
}

/// The table of runtimes: configuration and everything derived, as one value.
///
/// A table never changes. Take one for each unit of work and pass it down. The scripts that it
/// names stay valid while the process lives.
#[derive(Debug, Clone)]
pub struct Runtimes {
    pub(crate) config: Checked,
    pub(crate) rows: Vec<Arc<Runtime>>,
    pub(crate) options: Arc<TableOptions>,
    index: Index,
    default: String,
}

impl Runtimes {
    /// Works out the table for a configuration. Pure: nothing is written, opened or run.
    ///
    /// # Examples
    ///
    /// ```
    /// use runtimes::{Config, Runtimes, TableOptions};
    ///
    /// let parsed = Config::parse(br#"{"runtimes": {"a": {"path": "/usr/bin/a"}}}"#)?;
    /// let table = Runtimes::build(&parsed.config, &TableOptions::new("/var/lib/x/runtimes"));
    /// assert_eq!(table.iter().len(), 3, "a, and the two that are built in");
    /// # Ok::<(), runtimes::Problems>(())
    /// ```
    pub fn build(config: &Checked, options: &TableOptions) -> Self {
        Self::rebuild(config.clone(), Arc::new(options.clone()), &[])
    }

    /// The table of the entries that have no problem, to be shown beside the problems.
    ///
    /// A daemon takes [`build`](Self::build).
    pub fn of_sound_entries(inspected: &Inspected, options: &TableOptions) -> Self {
        Self::build(&inspected.sound, options)
    }

    /// As [`build`](Self::build), taking over rows of `previous` that would come out equal.
    pub(crate) fn rebuild(
        config: Checked,
        options: Arc<TableOptions>,
        previous: &[Arc<Runtime>],
    ) -> Self {
        let old = |name: &str| {
            let place = previous.binary_search_by(|row| row.name.as_str().cmp(name));
            place.ok().map(|place| &previous[place])
        };
        let stock = STOCK.iter().map(|name| match old(name) {
            Some(row) => Arc::clone(row),
            None => Arc::new(stock(name, &options)),
        });
        let configured = config.meanings().map(|(name, meaning)| {
            match old(name).filter(|row| row.is_made_from(meaning)) {
                Some(row) => Arc::clone(row),
                None => Arc::new(configured(name, meaning, &options)),
            }
        });
        let mut rows: Vec<_> = stock.chain(configured).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        let default = config.config().default_runtime.as_deref();
        let default = default.filter(|name| !name.is_empty()).unwrap_or(DEFAULT);
        Self {
            index: Index::new(rows.iter().map(|row| row.name.as_str())),
            default: default.to_owned(),
            config,
            rows,
            options,
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
        self.config.config()
    }

    /// What else it was made with.
    pub fn options(&self) -> &TableOptions {
        &self.options
    }

    /// The wrapper scripts the table needs, one for each row that has one.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.rows.iter().filter_map(|row| row.wrapper.as_deref())
    }
}

fn stock(name: &str, options: &TableOptions) -> Runtime {
    let mut row = program(name, Path::new(DEFAULT), options);
    row.stock = true;
    row
}

/// A row without arguments for a program.
fn program(name: &str, binary: &Path, options: &TableOptions) -> Runtime {
    Runtime {
        name: name.to_owned(),
        kind: RuntimeKind::Binary,
        shim: RUNC_SHIM.to_owned(),
        binary: Some(binary.to_owned()),
        args: Vec::new(),
        script: None,
        options: Some(runc_options(binary.as_os_str(), options)),
        stock: false,
        features: FeaturesState::NotProbed,
        wrapper: None,
    }
}

/// The options that the runc shim gets for a program.
fn runc_options(binary: &OsStr, options: &TableOptions) -> ShimOptions {
    ShimOptions::Runc(RuncOptions {
        binary_name: Some(binary.to_owned()),
        root: Some(options.exec_root.join("runtime-runc")),
        systemd_cgroup: Some(options.systemd_cgroup),
        no_pivot_root: Some(options.no_pivot_root),
        ..RuncOptions::default()
    })
}

/// The row for an entry.
fn configured(name: &str, meaning: Meaning<'_>, options: &TableOptions) -> Runtime {
    match meaning {
        Meaning::Program { path, args: [] } => program(name, path, options),
        Meaning::Program { path, args } => wrapper(name, path, args, options),
        Meaning::Shim {
            shim,
            options: shim_options,
        } => Runtime::of_shim(name, shim, shim_options.cloned()),
    }
}

/// A row for a program with arguments of its own.
fn wrapper(name: &str, path: &Path, args: &[OsString], options: &TableOptions) -> Runtime {
    let script = Script::of_checked(name, path, args);
    let place = options.script_dir.join(script.file_name());
    Runtime {
        kind: RuntimeKind::Wrapper,
        args: args.to_vec(),
        options: Some(runc_options(place.as_os_str(), options)),
        script: Some(place),
        wrapper: Some(Arc::new(script)),
        ..program(name, path, options)
    }
}

impl Runtime {
    /// The row of a shim.
    pub(crate) fn of_shim(name: &str, shim: &str, options: Option<ShimOptions>) -> Self {
        Self {
            name: name.to_owned(),
            kind: RuntimeKind::Shim,
            shim: shim.to_owned(),
            binary: None,
            args: Vec::new(),
            script: None,
            options,
            stock: false,
            features: FeaturesState::NotProbed,
            wrapper: None,
        }
    }

    /// Whether this row of an earlier table was made from this entry, with equal options.
    fn is_made_from(&self, meaning: Meaning<'_>) -> bool {
        match meaning {
            Meaning::Program { path, args } => {
                !self.stock && is_same_text(self.binary.as_deref(), Some(path)) && self.args == args
            }
            Meaning::Shim { shim, options } => {
                let is_shim = self.kind == RuntimeKind::Shim && self.shim == shim;
                is_shim && is_same_options(self.options.as_ref(), options)
            }
        }
    }
}

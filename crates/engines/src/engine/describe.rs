//! One engine: where it keeps what, and how to see that it runs.

use crate::engine::Rule;

/// A container engine, as data.
///
/// [`Engine::built_in`] has the known ones. A value of one's own is made by changing one of
/// them, or from nothing by [`Engine::new`].
///
/// # Examples
///
/// ```
/// use engines::{Catalogue, Engine, Fate};
/// use std::path::Path;
///
/// let mut docker = Engine::docker();
/// docker.roots[0].paths = vec!["/srv/docker".parse()?];
/// let known = Catalogue::new(vec![docker]);
/// let mount = format!("/srv/docker/overlay2/{}/merged", "a1".repeat(32));
/// let found = known.find(Path::new(&mount)).expect("Docker mounts it");
/// assert_eq!(found.rule.fate, Fate::Sweep);
/// assert_eq!(found.root, Path::new("/srv/docker"));
/// # Ok::<(), engines::BadShape>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Engine {
    /// The word that people use for it, for example `docker`.
    pub name: String,
    /// The programs and products that it stands for.
    pub about: String,
    /// The directories below which it mounts.
    pub roots: Vec<Root>,
    /// The names of its daemons' processes, as `/proc/<pid>/comm` has them.
    pub processes: Vec<String>,
    /// The files in which its daemons write their process ids.
    pub pid_files: Vec<String>,
    /// The sockets on which it listens.
    pub sockets: Vec<String>,
    /// The directories in which OCI runtimes keep the state of its containers; `*` at the
    /// end stands for every directory there.
    pub states: Vec<String>,
    /// The directories with bundles of containerd's shims, one namespace below each.
    pub bundles: Vec<String>,
    /// How its store on disk lists containers.
    pub store: Store,
}

/// A directory below which an engine mounts, with the rules for what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Root {
    /// What the engine calls the directory: `data`, `state`, `run`.
    pub name: String,
    /// Where it is: the default places, rootless ones among them.
    pub paths: Vec<crate::engine::Shape>,
    /// What is mounted below it.
    pub rules: Vec<Rule>,
}

/// The form in which an engine lists its containers on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Store {
    /// It has none that can be read.
    #[default]
    None,
    /// Docker's: `containers/<id>/config.v2.json` and the layer store.
    Docker,
    /// That of containers/storage: `<driver>-containers/containers.json`.
    ContainersStorage,
}

impl Store {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Docker => "docker",
            Self::ContainersStorage => "containers-storage",
        }
    }
}

impl Engine {
    /// An engine of which nothing is known yet but its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: String::new(),
            roots: Vec::new(),
            processes: Vec::new(),
            pid_files: Vec::new(),
            sockets: Vec::new(),
            states: Vec::new(),
            bundles: Vec::new(),
            store: Store::None,
        }
    }
}

impl Root {
    /// A root without rules.
    pub fn new(name: impl Into<String>, paths: Vec<crate::engine::Shape>) -> Self {
        Self {
            name: name.into(),
            paths,
            rules: Vec::new(),
        }
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

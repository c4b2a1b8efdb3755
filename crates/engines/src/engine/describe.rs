//! One engine: where it keeps its files, and how to see that it runs.

use crate::engine::{Place, Root};

/// A container engine, as data.
///
/// [`Engine::built_in`] gives the known ones. To describe another engine, change one of these,
/// begin with [`Engine::new`], or read a file with [`Engine::from_file`].
///
/// # Examples
///
/// ```
/// use engines::{Catalogue, Engine, Fate};
/// use std::path::Path;
///
/// let mut docker = Engine::docker();
/// docker.places[0].roots[0].paths = vec!["/srv/docker".parse()?];
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
    /// Other words that people use for it, for example `podman`.
    pub aliases: Vec<String>,
    /// The programs and products that this name stands for.
    pub about: String,
    /// The kinds of directories below which it mounts, with the rules for each.
    pub roots: Vec<Root>,
    /// Where these directories are: one entry for each way to install it.
    pub places: Vec<Place>,
    /// The names of its daemons' processes, as `/proc/<pid>/comm` has them.
    pub processes: Vec<String>,
    /// The arguments of its daemons that name a configuration file: `--config-file`.
    pub config_flags: Vec<String>,
    /// How its store on disk lists containers.
    pub store: Store,
}

/// The form in which an engine lists its containers on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Store {
    /// The engine has no list that this crate can read.
    #[default]
    None,
    /// Docker's: `containers/<id>/config.v2.json` and the layer store.
    Docker,
    /// The one of containers/storage: `<driver>-containers/containers.json`.
    ContainersStorage,
}

impl Store {
    /// All forms.
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Docker, Self::ContainersStorage];

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
    /// An engine of which only the name is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            about: String::new(),
            roots: Vec::new(),
            places: Vec::new(),
            processes: Vec::new(),
            config_flags: Vec::new(),
            store: Store::None,
        }
    }

    /// Whether people use this word for it: its name, or one of its aliases.
    pub fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.iter().any(|alias| alias == word)
    }

    /// The root of this name.
    pub fn root(&self, name: &str) -> Option<&Root> {
        self.roots.iter().find(|root| root.name == name)
    }
}

impl Engine {
    /// The directories with the states of its containers, for the system's installations at their
    /// usual places. A `*` at the end stands for every directory there.
    pub fn usual_states(&self) -> Vec<String> {
        let of_place = |place: &Place| place.at_usual(&place.states);
        self.places.iter().flat_map(of_place).collect()
    }

    /// The directories with the bundles of shims, for the system's installations at their usual
    /// places. Each directory below them is one namespace of containerd.
    pub fn usual_bundles(&self) -> Vec<String> {
        let of_place = |place: &Place| place.at_usual(&place.bundles);
        self.places.iter().flat_map(of_place).collect()
    }
}

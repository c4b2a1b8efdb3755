//! What is known of containers, each fact with its source.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The result of a look at all directories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct States {
    /// One value for each state of each container. One container often has two: the
    /// state of its runtime, and the bundle of its shim.
    pub found: Vec<ContainerState>,
    /// Directories that were read to the end.
    pub looked: Vec<PathBuf>,
    /// Directories that do not exist.
    pub missing: Vec<PathBuf>,
    /// Directories that could not be read, with the reason. Containers may live there.
    pub unread: Vec<(PathBuf, String)>,
    /// Entries whose names cannot be container ids, such as `.cache`.
    pub skipped: Vec<PathBuf>,
    /// Whether one of the directories that were read is where the state must be.
    pub(crate) primary: bool,
}

/// One state of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerState {
    /// The container's id.
    pub id: String,
    /// The namespace of containerd in which it has this id, by the path of its bundle. `None` if
    /// there is none, or if it is not known.
    pub namespace: Option<String>,
    /// Who wrote the state.
    pub source: StateSource,
    /// The file or directory that holds it.
    pub path: PathBuf,
    /// Whether the container lives.
    pub life: Life,
}

/// Who wrote a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StateSource {
    /// runc's `<id>/state.json`.
    Runc,
    /// crun's `<id>/status`.
    Crun,
    /// youki's `<id>/state.json`.
    Youki,
    /// gVisor's `<sandbox>_sandbox:<id>.state`.
    Runsc,
    /// A bundle directory of a containerd shim.
    Bundle,
    /// A state that could not be read.
    Unclear,
}

impl StateSource {
    /// The word that machines read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runc => "runc",
            Self::Crun => "crun",
            Self::Youki => "youki",
            Self::Runsc => "runsc",
            Self::Bundle => "bundle",
            Self::Unclear => "unclear",
        }
    }
}

/// Whether a container lives, and what says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Life {
    /// All its processes are gone.
    Dead {
        /// The proof.
        why: String,
    },
    /// Nothing proves that it lives or is dead. It must be treated as alive.
    Unknown {
        /// Why there is no answer.
        why: String,
    },
    /// A process of it lives.
    Alive {
        /// The process, where one is known.
        pid: Option<u32>,
        /// The proof, such as `pid 24372 sleep`.
        by: String,
    },
}

impl Life {
    /// Whether death is proved. Only then may anything of the container be removed.
    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Dead { .. })
    }

    /// The word that machines read: `alive`, `dead` or `unknown`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Alive { .. } => "alive",
            Self::Dead { .. } => "dead",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { by, .. } => write!(f, "runs: {by}"),
            Self::Dead { why } => write!(f, "dead: {why}"),
            Self::Unknown { why } => write!(f, "cannot be told: {why}"),
        }
    }
}

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, path) = (self.source.as_str(), self.path.display());
        write!(f, "{} ({source} state {path})", self.life)
    }
}

impl States {
    /// The state of each container. If it has several, alive counts before unknown, and unknown
    /// before dead.
    pub fn by_id(&self) -> BTreeMap<&str, &ContainerState> {
        let mut strongest: BTreeMap<&str, &ContainerState> = BTreeMap::new();
        for state in &self.found {
            let kept = strongest.entry(&state.id).or_insert(state);
            if state.life > kept.life {
                *kept = state;
            }
        }
        strongest
    }

    /// The state of each container, as in [`by_id`](Self::by_id). One id in two namespaces of
    /// containerd is two containers. A state without a namespace stands for itself.
    pub fn by_container(&self) -> BTreeMap<(Option<&str>, &str), &ContainerState> {
        let mut strongest: BTreeMap<(Option<&str>, &str), &ContainerState> = BTreeMap::new();
        for state in &self.found {
            let key = (state.namespace.as_deref(), &*state.id);
            let kept = strongest.entry(key).or_insert(state);
            if state.life > kept.life {
                *kept = state;
            }
        }
        strongest
    }

    /// Whether the absence of a container here means anything.
    ///
    /// True if a directory was read that would hold the container's state: a directory that the
    /// caller named, one below the exec root, or a directory of bundles.
    pub fn is_evidence(&self) -> bool {
        self.primary && self.unread.is_empty()
    }
}

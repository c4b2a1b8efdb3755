//! The results of a detection. Values only.

use std::path::PathBuf;

use crate::engine::{Engine, Root};
use crate::unread::Unread;

/// The engines of a machine, and the places that could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detection {
    /// One entry for each engine that is installed, or was. Two daemons of one kind with separate
    /// directories are two entries.
    pub engines: Vec<FoundEngine>,
    /// What exists but could not be looked at. An engine may be hidden there.
    pub unread: Vec<Unread>,
    /// The part of `unread` that is about processes. Each may be a daemon, of any engine.
    pub unread_processes: Vec<Unread>,
}

/// An engine that is installed here, or was, and left its directories.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundEngine {
    /// The description of the engine.
    pub engine: Engine,
    /// How it is installed: the name of the [`Place`](crate::Place), or `running` if only a process
    /// shows it.
    pub place: String,
    /// The user who owns it; `None` if it belongs to the system.
    pub user: Option<u32>,
    /// The directories below which it mounts. Those that do not exist are left out.
    pub roots: Vec<FoundRoot>,
    /// The processes of its daemons.
    pub daemons: Vec<Daemon>,
    /// The sockets on which somebody listens.
    pub sockets: Vec<PathBuf>,
    /// Where its daemons write their process ids. They need not exist.
    pub pid_files: Vec<PathBuf>,
    /// Where runtimes keep the state of its containers. They need not exist.
    pub states: Vec<PathBuf>,
    /// Where containerd's shims keep bundles. They need not exist.
    pub bundles: Vec<PathBuf>,
    /// The inode number of its mount namespace, if that is not the one of this program. All paths
    /// are then paths in that namespace; `daemons` names a process in it.
    pub namespace: Option<u64>,
}

/// A directory below which an engine mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundRoot {
    /// The name of the [`Root`](crate::Root).
    pub root: String,
    /// The directory. Symbolic links are resolved where they could be followed.
    pub path: PathBuf,
    /// How it was found, in words.
    pub because: Vec<String>,
}

/// A process of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Daemon {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// The configuration file that it reads, as far as its arguments tell.
    pub config: GivenConfig,
    /// The inode number of its mount namespace; `None` if it could not be seen.
    pub mount_namespace: Option<u64>,
}

/// Which configuration file a daemon was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GivenConfig {
    /// None: it reads the one at its usual place, if there is one.
    #[default]
    Usual,
    /// This one, as its arguments name it.
    File(PathBuf),
    /// One that cannot be told from its arguments. They name this, which depends on the directory
    /// in which the daemon was started.
    Unclear(String),
}

impl FoundEngine {
    /// The directory of a root of this name, and how it was found.
    pub fn root(&self, name: &str) -> Option<&FoundRoot> {
        self.roots.iter().find(|root| root.root == name)
    }

    /// Each directory with the rules for what is below it.
    pub fn rules(&self) -> impl Iterator<Item = (&FoundRoot, &Root)> {
        let rules = |found: &FoundRoot| self.engine.root(&found.root);
        let roots = self.roots.iter();
        roots.filter_map(move |found| Some((found, rules(found)?)))
    }

    /// Whether a daemon of it runs, or somebody listens on its socket.
    pub fn is_running(&self) -> bool {
        !self.daemons.is_empty() || !self.sockets.is_empty()
    }
}

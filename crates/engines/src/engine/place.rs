//! One way to install an engine: where its roots, its configuration and its states are.

use crate::engine::Shape;

/// One way to install an engine: where its roots are then, and where the files and sockets are that
/// belong to it.
///
/// The texts of [`pid_files`](Self::pid_files), [`sockets`](Self::sockets),
/// [`states`](Self::states) and [`bundles`](Self::bundles) are paths. `{exec}` in them is the
/// directory that the root `exec` has; `<uid>` is the number of the user whose engine it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// A word for it: `system`, `user`, `snap`.
    pub name: String,
    /// Where each root is.
    pub roots: Vec<RootAt>,
    /// The configuration files. The end of the name says the form: `.json`, `.toml`, `.conf`
    /// (as TOML), `.yaml`.
    pub configs: Vec<String>,
    /// The files in which its daemons write their process ids.
    pub pid_files: Vec<String>,
    /// The sockets on which it listens.
    pub sockets: Vec<String>,
    /// The directories in which OCI runtimes keep the state of its containers. A `*` at the end
    /// stands for every directory there.
    pub states: Vec<String>,
    /// The directories with the bundles of containerd's shims. Each directory below them is one
    /// namespace of containerd.
    pub bundles: Vec<String>,
}

/// The directories of one root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootAt {
    /// The name of the [`Root`](crate::Root).
    pub root: String,
    /// Where it is, the most usual place first.
    pub paths: Vec<Shape>,
}

impl Place {
    /// A place where nothing is known yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Says where a root is.
    #[must_use]
    pub fn root(mut self, root: impl Into<String>, paths: Vec<Shape>) -> Self {
        let root = root.into();
        self.roots.push(RootAt { root, paths });
        self
    }
}

impl Place {
    /// Fills the usual path of each root into these texts. A path that needs a user is left out.
    pub(super) fn at_usual(&self, texts: &[String]) -> Vec<String> {
        let mut filled = Vec::new();
        for text in texts {
            let Some((root, rest)) = text.strip_prefix('{').and_then(|t| t.split_once('}')) else {
                filled.push(text.clone());
                continue;
            };
            let own = self.roots.iter().filter(|at| at.root == root);
            let paths = own.flat_map(|at| &at.paths);
            filled.extend(paths.map(|path| format!("{path}{rest}")));
        }
        filled.retain(|path| !path.contains('<'));
        filled
    }
}

impl RootAt {
    /// These directories of a root.
    pub fn new(root: impl Into<String>, paths: Vec<Shape>) -> Self {
        Self {
            root: root.into(),
            paths,
        }
    }
}

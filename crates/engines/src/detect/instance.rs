//! One installation of an engine, while facts about it are collected.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::expand::inside;
use super::found::{Daemon, FoundEngine, FoundRoot};
use super::ground::Ground;
use super::settings::Moved;
use crate::engine::{Engine, Place};

/// An installation: what was found of it so far.
pub(super) struct Instance<'e> {
    pub(super) engine: &'e Engine,
    pub(super) place: &'e Place,
    pub(super) name: String,
    pub(super) user: Option<u32>,
    pub(super) namespace: Option<u64>,
    pub(super) daemons: Vec<Daemon>,
    roots: Vec<FoundRoot>,
    /// Where each root is, or would be, in the order in which the paths were found.
    known: Vec<(String, PathBuf)>,
}

impl<'e> Instance<'e> {
    pub(super) fn new(engine: &'e Engine, place: &'e Place, user: Option<u32>) -> Self {
        Self {
            engine,
            place,
            name: place.name.clone(),
            user,
            namespace: None,
            daemons: Vec::new(),
            roots: Vec::new(),
            known: Vec::new(),
        }
    }

    /// Whether this path is known for this root. The directory need not exist.
    pub(super) fn has(&self, root: &str, path: &Path) -> bool {
        self.known
            .iter()
            .any(|(name, own)| name == root && own == path)
    }

    /// Takes a root that the configuration or the arguments move. The directory is added if it
    /// exists. For a user's installation it must also belong to that user.
    pub(super) fn take_moved(&mut self, ground: &mut Ground<'_>, moved: &Moved) {
        let path = ground.real(&ground.place(&moved.path));
        self.take(ground, &moved.root, path, &moved.because);
    }

    /// Takes a root at a usual place.
    pub(super) fn take_usual(&mut self, ground: &mut Ground<'_>, root: &str, path: &Path) {
        let path = ground.real(path);
        self.take(ground, root, path, "its usual place");
    }

    /// Takes a root in another mount namespace. The directory there is not looked at.
    pub(super) fn take_elsewhere(&mut self, root: &str, path: &Path, because: &str) {
        if !self.has(root, path) {
            self.known.push((root.to_owned(), path.to_owned()));
            self.add_root(root, path.to_owned(), because);
        }
    }

    fn take(&mut self, ground: &mut Ground<'_>, root: &str, path: PathBuf, because: &str) {
        let Some(owner) = ground.directory(&path) else {
            self.know(root, path);
            return;
        };
        // A user's configuration may name any directory. Only the user's own ones count.
        if self.user.is_some_and(|user| owner != user) {
            return;
        }
        let nested = self.engine.root(root).map(|kind| &kind.nested);
        for shape in nested.into_iter().flatten() {
            for below in inside(ground, &path, shape) {
                // It belongs to the remapped root user, so its owner does not show whose engine it
                // is.
                if ground.directory(&below).is_some() {
                    self.add_root(root, below, "users are remapped there");
                }
            }
        }
        self.add_root(root, path.clone(), because);
        self.know(root, path);
    }

    fn know(&mut self, root: &str, path: PathBuf) {
        if !self.has(root, &path) {
            self.known.push((root.to_owned(), path));
        }
    }

    fn add_root(&mut self, root: &str, path: PathBuf, because: &str) {
        let same = |own: &&mut FoundRoot| own.root == root && own.path == path;
        match self.roots.iter_mut().find(same) {
            Some(own) if own.because.iter().any(|known| known == because) => {}
            Some(own) => own.because.push(because.to_owned()),
            None => self.roots.push(FoundRoot {
                root: root.to_owned(),
                path,
                because: vec![because.to_owned()],
            }),
        }
    }

    /// Whether arguments that move this root mean another installation. They do if the paths of
    /// states or sockets begin with it.
    pub(super) fn is_anchored_by(&self, root: &str) -> bool {
        let word = format!("{{{root}}}");
        let texts = self.place.states.iter().chain(&self.place.sockets);
        texts.into_iter().any(|text| text.starts_with(&word))
    }

    /// The paths that a text of a place stands for.
    fn fill(&self, ground: &Ground<'_>, text: &str) -> Vec<PathBuf> {
        let filled: Vec<PathBuf> = match text.strip_prefix('{').and_then(|t| t.split_once('}')) {
            Some((root, rest)) => {
                let own = self.known.iter().filter(|(name, _)| name == root);
                let with_rest = |path: &PathBuf| {
                    let mut path = path.clone().into_os_string();
                    path.push(rest);
                    path.into()
                };
                own.map(|(_, path)| with_rest(path)).collect()
            }
            None => {
                let uid = self.user.map(|user| user.to_string()).unwrap_or_default();
                vec![ground.place(Path::new(&text.replace("<uid>", &uid)))]
            }
        };
        let is_filled = |path: &PathBuf| !path.to_string_lossy().contains(['<', '{']);
        filled.into_iter().filter(is_filled).collect()
    }

    fn fill_all(&self, ground: &mut Ground<'_>, texts: &[String]) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for text in texts {
            match text.strip_suffix("/*") {
                None => all.extend(self.fill(ground, text)),
                Some(parent) => {
                    for directory in self.fill(ground, parent) {
                        let names = ground.names(&directory);
                        all.extend(names.iter().map(|name| directory.join(name)));
                    }
                }
            }
        }
        all
    }

    /// The engine that was found; `None` if nothing shows that it is or was here.
    pub(super) fn finish(
        self,
        ground: &mut Ground<'_>,
        listening: &HashSet<PathBuf>,
    ) -> Option<FoundEngine> {
        // A directory that others use, too, does not show that this engine is here.
        let is_sign = |found: &FoundRoot| {
            let kind = self.engine.root(&found.root);
            kind.is_some_and(|kind| !kind.is_shared)
        };
        let mut sockets = self.fill_all(ground, &self.place.sockets);
        // `/var/run` is a link to `/run`. The kernel lists a socket by the name that its owner
        // used.
        let beside =
            |path: &PathBuf| Path::new("/var").join(path.strip_prefix("/").unwrap_or(path));
        sockets.retain(|path| listening.contains(path) || listening.contains(&beside(path)));
        let is_here = self.roots.iter().any(is_sign);
        if !is_here && sockets.is_empty() && self.daemons.is_empty() {
            return None;
        }
        let namespaces = |directory: &String| format!("{directory}/*");
        let bundles: Vec<String> = self.place.bundles.iter().map(namespaces).collect();
        Some(FoundEngine {
            pid_files: self.fill_all(ground, &self.place.pid_files),
            states: self.fill_all(ground, &self.place.states),
            bundles: self.fill_all(ground, &bundles),
            engine: self.engine.clone(),
            place: self.name,
            user: self.user,
            roots: self.roots,
            daemons: self.daemons,
            sockets,
            namespace: self.namespace,
        })
    }
}

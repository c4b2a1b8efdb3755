//! From a mount point to the engine and the rule.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::engine::{Engine, Root, Rule};

/// A number of engines that can be asked about many mount points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    engines: Vec<Engine>,
}

/// What a mount point is to an engine.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Found<'a> {
    /// The engine that mounts there.
    pub engine: &'a Engine,
    /// Which of its roots it is, with all rules.
    pub kind: &'a Root,
    /// The root's directory.
    pub root: &'a Path,
    /// The rule.
    pub rule: &'a Rule,
    /// The id in the path: of a container, a layer, a build or a pod.
    pub id: Option<&'a OsStr>,
}

impl Default for Catalogue {
    /// All built-in engines.
    fn default() -> Self {
        Self::new(Engine::built_in())
    }
}

impl Catalogue {
    /// These engines. Where two have rules for one path, the first one counts.
    pub fn new(engines: Vec<Engine>) -> Self {
        Self { engines }
    }

    /// The engines, in their order.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// What a mount point is to the first engine that knows it; `None` if to no one.
    pub fn find<'a>(&'a self, mount_point: &'a Path) -> Option<Found<'a>> {
        let bytes = mount_point.as_os_str().as_bytes();
        let roots = |engine: &'a Engine| engine.roots.iter().map(move |root| (engine, root));
        let mut roots = self.engines.iter().flat_map(roots);
        roots.find_map(|(engine, root)| find_below(engine, root, bytes))
    }
}

fn find_below<'a>(engine: &'a Engine, kind: &'a Root, bytes: &'a [u8]) -> Option<Found<'a>> {
    kind.paths.iter().find_map(|path| {
        let length = path.directory_in(bytes)?;
        let below = &bytes[length + 1..];
        kind.rules.iter().find_map(|rule| {
            let id = rule.shape.id_in(below)?;
            Some(Found {
                engine,
                kind,
                root: Path::new(OsStr::from_bytes(&bytes[..length])),
                rule,
                id: id.map(|range| OsStr::from_bytes(&below[range])),
            })
        })
    })
}

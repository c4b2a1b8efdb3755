//! Finds the engine and the rule for a mount point.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::engine::{Engine, Place, Root, Rule};

/// A list of engines. It tells for each mount point which of them mounts there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    engines: Vec<Engine>,
}

/// The engine and the rule that a mount point belongs to.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Found<'a> {
    /// The engine that mounts there.
    pub engine: &'a Engine,
    /// The kind of root below which the mount point lies, with all its rules.
    pub kind: &'a Root,
    /// The directory of that root.
    pub root: &'a Path,
    /// The rule that matches the mount point.
    pub rule: &'a Rule,
    /// The id in the path: of a container, a layer, a build or a pod. `None` if the rule's shape
    /// has no id.
    pub id: Option<&'a OsStr>,
}

impl Default for Catalogue {
    /// All built-in engines.
    fn default() -> Self {
        Self::new(Engine::built_in())
    }
}

impl Catalogue {
    /// A catalogue of these engines. If two of them have a rule for one path, the first one counts.
    pub fn new(engines: Vec<Engine>) -> Self {
        Self { engines }
    }

    /// The engines, in their order.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// Finds the first engine that has a rule for this mount point. `None` if no engine has one.
    pub fn find<'a>(&'a self, mount_point: &'a Path) -> Option<Found<'a>> {
        let bytes = mount_point.as_os_str().as_bytes();
        let places = |engine: &'a Engine| engine.places.iter().map(move |place| (engine, place));
        let mut places = self.engines.iter().flat_map(places);
        places.find_map(|(engine, place)| find_in(engine, place, bytes))
    }
}

fn find_in<'a>(engine: &'a Engine, place: &'a Place, bytes: &'a [u8]) -> Option<Found<'a>> {
    place.roots.iter().find_map(|at| {
        let kind = engine.root(&at.root)?;
        at.paths.iter().find_map(|path| {
            let length = path.directory_in(bytes)?;
            let nested = kind.nested.iter().filter_map(|nested| {
                let below = nested.directory_in(&bytes[length + 1..])?;
                Some(length + 1 + below)
            });
            let mut lengths = std::iter::once(length).chain(nested);
            lengths.find_map(|length| by_rule(engine, kind, bytes, length))
        })
    })
}

/// Finds the rule for a path whose first `length` bytes are the root.
fn by_rule<'a>(
    engine: &'a Engine,
    kind: &'a Root,
    bytes: &'a [u8],
    length: usize,
) -> Option<Found<'a>> {
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
}

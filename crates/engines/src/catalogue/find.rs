//! From a mount point to the engine and the rule.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::engine::{Engine, Place, Root, Rule};

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

/// The rule for what is below a root of this length.
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

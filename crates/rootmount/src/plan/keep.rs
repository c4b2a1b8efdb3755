//! Which paths belong to containers that the caller keeps. Pure.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use crate::liveness::judge::without_init;
use crate::liveness::layer_map::LayerMap;
use crate::plan::layers::SHORT_ID;

/// The live id that a path has as a component, if any.
pub(crate) fn live_id(
    relative: &Path,
    keep: &BTreeSet<OsString>,
    layers: &LayerMap,
) -> Option<OsString> {
    let kept = |name: &OsStr| kept_as(name.as_bytes(), keep).map(OsStr::to_os_string);
    relative.components().find_map(|component| match component {
        Component::Normal(name) => {
            let owner = || layers.container_of(without_init(name)).and_then(kept);
            kept(name).or_else(owner)
        }
        _ => None,
    })
}

fn kept_as<'k>(name: &[u8], keep: &'k BTreeSet<OsString>) -> Option<&'k OsStr> {
    let name = without_init(OsStr::from_bytes(name)).as_bytes();
    if let Some(id) = keep.get(OsStr::from_bytes(name)) {
        return Some(id);
    }
    // Ids that a name starts with sort right before it, with only ids of the same
    // start between them.
    let start = name.get(..SHORT_ID)?;
    let shorter = keep
        .range::<OsStr, _>((Bound::Unbounded, Bound::Excluded(OsStr::from_bytes(name))))
        .rev();
    let same_start = shorter.take_while(|id| id.as_bytes().starts_with(start));
    same_start
        .map(OsString::as_os_str)
        .find(|id| name.starts_with(id.as_bytes()))
}

//! Which paths belong to containers that the caller keeps. Pure.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use crate::liveness::judge::without_init;
use crate::plan::cleanup_plan::{KeepReason, PlanOptions};
use crate::plan::layers::SHORT_ID;

/// Why a path is kept that has an id to keep as a component, or a layer of one.
pub(crate) fn kept_reason(relative: &Path, options: &PlanOptions) -> Option<KeepReason> {
    let container = live_id(relative, options)?;
    Some(match options.keep_words.get(&container) {
        Some(by) => KeepReason::Lives {
            by: by.clone(),
            container,
        },
        None => KeepReason::Live(container),
    })
}

/// The live id that a path has as a component, if any.
fn live_id(relative: &Path, options: &PlanOptions) -> Option<OsString> {
    let kept = |name: &OsStr| kept_as(name.as_bytes(), &options.keep).map(OsStr::to_os_string);
    relative.components().find_map(|component| match component {
        Component::Normal(name) => {
            let owner = || {
                let container = options.layers.container_of(without_init(name));
                container.and_then(kept)
            };
            kept(name).or_else(owner)
        }
        _ => None,
    })
}

fn kept_as<'k>(name: &[u8], keep: &'k BTreeSet<OsString>) -> Option<&'k OsStr> {
    // As it is written first: an id that somebody chose may end in `-init`.
    if let Some(id) = keep.get(OsStr::from_bytes(name)) {
        return Some(id);
    }
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

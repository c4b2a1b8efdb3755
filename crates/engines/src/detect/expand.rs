//! Finds the paths of one shape on a machine.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::ground::Ground;
use crate::engine::Shape;

/// The most paths that are followed for one shape, for example homes. Others are left out.
const MOST: usize = 10_000;

/// All paths of this shape on the machine. Words are filled in from the directories there. A
/// component without words is not checked, so a path may not exist.
pub(super) fn expand(ground: &mut Ground<'_>, shape: &str) -> Vec<PathBuf> {
    let start = ground.place(Path::new("/"));
    let mut found = vec![start];
    for component in shape.split('/').filter(|component| !component.is_empty()) {
        if component.contains('<') {
            let Ok(shape) = component.parse::<Shape>() else {
                return Vec::new();
            };
            found = found
                .iter()
                .flat_map(|directory| inside(ground, directory, &shape))
                .take(MOST)
                .collect();
        } else {
            found.iter_mut().for_each(|path| path.push(component));
        }
    }
    found
}

/// The entries of a directory whose names have a shape, in order.
pub(super) fn inside(ground: &mut Ground<'_>, directory: &Path, shape: &Shape) -> Vec<PathBuf> {
    let names = ground.names(directory);
    let fitting = names
        .iter()
        .filter(|name| shape.matches(name.as_bytes()))
        .map(|name| directory.join(name));
    let mut fitting: Vec<PathBuf> = fitting.collect();
    fitting.sort();
    fitting
}

/// The number that stands for `<uid>` in a path of this shape.
pub(super) fn uid_in(shape: &str, path: &Path) -> Option<u32> {
    let from_end = shape.split('/').rev().position(|one| one == "<uid>")?;
    let component = path.components().rev().nth(from_end)?;
    component.as_os_str().to_str()?.parse().ok()
}

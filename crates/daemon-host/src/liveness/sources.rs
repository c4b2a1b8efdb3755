//! Finds which engines have a data root, and where their runtimes keep states.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use engines::{Catalogue, Containers, Engine, Store};
use runtimes::StatesOptions;

/// Adds to these options the states of the engines that have this data root by the catalogue.
/// The catalogue knows an engine by the path of the root, or by the store below it.
///
/// Docker's states are below its exec root, and the options have them already. The second value
/// names directories that exist but cannot be listed.
pub(super) fn with_engines(
    root: &Path,
    stored: &Containers,
    options: &StatesOptions,
) -> (StatesOptions, Vec<String>) {
    let (mut options, mut unread) = (options.clone(), Vec::new());
    for engine in of_root(root, stored) {
        for states in engine.usual_states() {
            match directories(&states) {
                Ok(dirs) => add(&mut options.state_dirs, dirs),
                Err(error) => unread.push(format!("readdir({states:?}): {error}")),
            }
        }
        for bundles in engine.usual_bundles() {
            match directories(&format!("{bundles}/*")) {
                Ok(dirs) => add(&mut options.bundle_dirs, dirs),
                Err(error) => unread.push(format!("readdir({bundles:?}): {error}")),
            }
        }
    }
    (options, unread)
}

/// Whether the catalogue knows an engine that has this root and keeps states of its own.
/// A store that cannot be read does not say whose it is.
pub(super) fn is_known(root: &Path, stored: &Containers) -> bool {
    let mut read = stored.clone();
    read.unread.clear();
    !of_root(root, &read).is_empty()
}

fn of_root(root: &Path, stored: &Containers) -> Vec<Engine> {
    let bytes = root.as_os_str().as_bytes();
    let is_at = |engine: &Engine| {
        let roots = engine.places.iter().flat_map(|place| &place.roots);
        let mut paths = roots.flat_map(|at| &at.paths);
        paths.any(|path| path.matches(bytes))
    };
    let has_store = |engine: &Engine| {
        engine.store == Store::ContainersStorage
            && !(stored.list.is_empty() && stored.unread.is_empty())
    };
    let all = Catalogue::default();
    let engines = all.engines().iter();
    engines
        .filter(|engine| engine.store != Store::Docker && (is_at(engine) || has_store(engine)))
        .cloned()
        .collect()
}

/// The directory of a pattern. If the pattern ends in `*`, all directories there.
fn directories(pattern: &str) -> io::Result<Vec<PathBuf>> {
    let Some(parent) = pattern.strip_suffix("/*") else {
        return Ok(vec![PathBuf::from(pattern)]);
    };
    let entries = match fs::read_dir(parent) {
        // The catalogue names usual places. Most of them do not exist on one machine.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

fn add(all: &mut Vec<PathBuf>, more: Vec<PathBuf>) {
    for dir in more {
        if !all.contains(&dir) {
            all.push(dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(root: &str, stored: &Containers, expected: &[&str]) {
        let found = of_root(Path::new(root), stored);
        let names: Vec<&str> = found.iter().map(|engine| engine.name.as_str()).collect();
        assert_eq!(names, expected, "{root}");
    }

    #[test]
    fn an_engine_is_known_by_the_place_of_its_root_or_by_its_store() {
        let none = Containers::default();
        check(
            "/var/lib/containers/storage",
            &none,
            &["containers-storage"],
        );
        check("/run/containerd", &none, &["containerd"]);
        check("/var/lib/docker", &none, &[]);
        check("/srv/store", &none, &[]);
        let mut stored = Containers::default();
        stored.list.push(engines::Container::default());
        check("/srv/store", &stored, &["containers-storage"]);
    }

    #[test]
    fn a_star_stands_for_each_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("runc");
        let text = dir.to_str().unwrap();
        assert_eq!(directories(text).unwrap(), [PathBuf::from(text)]);
        let each = format!("{text}/*");
        assert!(directories(&each).unwrap().is_empty());
        fs::create_dir_all(dir.join("k8s.io")).unwrap();
        assert_eq!(directories(&each).unwrap(), [dir.join("k8s.io")]);
        assert!(directories("/dev/null/*").is_err());
    }
}

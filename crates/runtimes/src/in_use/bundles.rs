//! Finds who still needs a script: reads the bundles of containers.
//!
//! containerd's runc shim keeps the path of its runtime in the container's bundle, and calls it
//! again for every exec, kill and delete, even when the daemon has long forgotten the entry of that
//! runtime.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::references::{References, leads_nowhere};
use crate::bounded::read_bounded;
use crate::json::Value;

/// Where containerd keeps the bundles of running containers: `<dir>/<namespace>/<id>`.
/// The first is the system's containerd, the second the one that dockerd starts.
pub const BUNDLE_DIRS: [&str; 2] = [
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
];

/// The files of a bundle that name the runtime.
const BUNDLE_FILES: [&str; 2] = ["options.json", "runtime"];

/// How many directories can lie between the scanned one and a bundle. From `/run/containerd` there
/// are so many.
const LEVELS: u32 = 3;

/// The directory of bundles below containerd's run-time directory. It has one directory for each
/// namespace.
pub(super) const TASKS: &str = "io.containerd.runtime.v2.task";

/// The most bytes that are read of a file. A longer file makes the scan incomplete.
const MAX_FILE: u64 = 4 << 20;

/// Returns where the bundles of a daemon with this exec root are. A containerd that the daemon
/// starts keeps them below the exec root. The system's containerd keeps them beside it.
pub fn bundle_dirs(exec_root: &Path) -> Vec<PathBuf> {
    let beside = exec_root.parent().unwrap_or(exec_root);
    let own = exec_root.join("containerd/daemon").join(TASKS);
    vec![own, beside.join("containerd").join(TASKS)]
}

impl References {
    /// Adds what the bundles below a directory refer to; see [`BUNDLE_DIRS`].
    ///
    /// The directory may be one of [`BUNDLE_DIRS`], one above or below it, or a single bundle. Only
    /// `options.json` and `runtime` are opened; a container's root filesystem is never entered. A
    /// missing directory has no bundles. What cannot be read is remembered, and
    /// [`is_complete`](Self::is_complete) is false from then on.
    pub fn scan_bundles(&mut self, dir: &Path) {
        look(self, dir, LEVELS);
    }
}

fn look(references: &mut References, dir: &Path, levels: u32) {
    let entries = references.entries(dir);
    let has = |name: &str| entries.iter().any(|entry| entry.file_name() == name);
    for name in BUNDLE_FILES.into_iter().filter(|name| has(name)) {
        bundle_file(references, &dir.join(name));
    }
    // The subdirectories of a bundle are the container's own file systems. Their text proves
    // nothing.
    if levels == 0 || has("config.json") || has("rootfs") || BUNDLE_FILES.into_iter().any(has) {
        return;
    }
    for entry in entries {
        match is_dir(&entry) {
            Ok(true) => look(references, &entry.path(), levels - 1),
            Ok(false) => {}
            Err(error) => references.missed(&entry.path(), &error),
        }
    }
}

fn bundle_file(references: &mut References, path: &Path) {
    let text = match read_bounded(path, MAX_FILE) {
        Ok(text) => text,
        Err(error) => return references.missed(path, &error),
    };
    let by = format!("the bundle file {path:?} names it");
    references.add_names_in(&text, &by);
    match Value::parse(&text) {
        Ok(value) => paths_in(references, &value, &by),
        Err(_) => references.add(Path::new(OsStr::from_bytes(text.trim_ascii())), &by),
    }
}

fn paths_in(references: &mut References, value: &Value, by: &str) {
    match value {
        Value::String(text) if text.contains('/') => references.add(Path::new(text), by),
        Value::Array(items) => items.iter().for_each(|item| paths_in(references, item, by)),
        Value::Object(members) => {
            let values = members.iter().map(|(_, value)| value);
            values.for_each(|value| paths_in(references, value, by));
        }
        _ => {}
    }
}

/// Whether an entry is a directory, or a symlink to one.
fn is_dir(entry: &DirEntry) -> io::Result<bool> {
    let kind = entry.file_type()?;
    if !kind.is_symlink() {
        return Ok(kind.is_dir());
    }
    match entry.path().metadata() {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if leads_nowhere(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

//! Who still needs a wrapper script.
//!
//! containerd's runc shim keeps the path of its runtime in the container's bundle, and
//! calls it again for every exec, kill and delete, long after the daemon has forgotten
//! the entry it came from.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::bounded::read_bounded;
use crate::json::Value;
use crate::scripts::script::{is_safe, is_script_name};
use crate::table::Runtimes;

/// Where containerd keeps the bundles of running containers: `<dir>/<namespace>/<id>`.
/// The first is the system's containerd, the second the one that dockerd starts.
pub const BUNDLE_DIRS: [&str; 2] = [
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
];

/// The files of a bundle that name the runtime.
const BUNDLE_FILES: [&str; 2] = ["options.json", "runtime"];

/// Directories between the one that is scanned and a bundle, as from `/run/containerd`.
const LEVELS: u32 = 3;

/// As many symlinks as the kernel follows.
const MAX_LINKS: u32 = 40;

/// More than any bundle file has; what lies beyond makes the scan incomplete.
const MAX_FILE: u64 = 4 << 20;

/// What is known to be in use, and by whom.
///
/// A script counts as referenced if a reference has its file name in any directory (the
/// name holds a digest, so that is the same script), or leads to the same file.
#[derive(Debug, Clone, Default)]
pub struct References {
    names: BTreeMap<OsString, String>,
    files: BTreeMap<(u64, u64), String>,
    unreadable: Vec<(PathBuf, String)>,
}

impl References {
    /// No references.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a path that someone uses as a runtime; `by` says who, for the verdicts.
    ///
    /// Symlinks are followed, and every name on the way counts. Where that is not allowed
    /// or fails, the path is remembered as one that cannot be read.
    pub fn add(&mut self, path: &Path, by: &str) {
        if let Err(error) = self.follow(path, by) {
            if !leads_nowhere(&error) {
                self.unreadable.push((path.to_owned(), error.to_string()));
            }
        }
    }

    fn follow(&mut self, path: &Path, by: &str) -> io::Result<()> {
        let mut hop = path.to_owned();
        for _ in 0..MAX_LINKS {
            if let Some(name) = hop.file_name() {
                self.names
                    .entry(name.to_owned())
                    .or_insert_with(|| by.to_owned());
            }
            match hop.read_link() {
                Ok(target) => hop = hop.parent().unwrap_or(Path::new("")).join(target),
                // EINVAL: no link, so the end of the way.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
                Err(error) => return Err(error),
            }
        }
        let metadata = path.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        self.files.entry(identity).or_insert_with(|| by.to_owned());
        Ok(())
    }

    /// Adds the scripts of a table: those that are about to be loaded need not vanish.
    pub fn add_table(&mut self, table: &Runtimes) {
        for row in table.iter() {
            if let Some(script) = &row.script {
                self.add(
                    script,
                    &format!("runtime {:?} of the configuration", row.name),
                );
            }
        }
    }

    /// Adds what the bundles below a directory refer to; see [`BUNDLE_DIRS`].
    ///
    /// The directory may hold these directories, namespaces, bundles, or be a bundle. Only `options.json`
    /// and `runtime` are opened; a container's root filesystem is never entered. A
    /// missing directory has no bundles. What cannot be read is remembered, and
    /// [`is_complete`](Self::is_complete) is false from then on.
    pub fn scan_bundles(&mut self, dir: &Path) {
        self.scan(dir, LEVELS);
    }

    /// Adds what the symlinks in a directory lead to.
    pub fn scan_links(&mut self, dir: &Path) {
        for entry in self.entries(dir) {
            let link = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_symlink() => self.add(&link, &format!("symlink {link:?}")),
                Ok(_) => {}
                Err(error) => self.missed(&link, &error),
            }
        }
    }

    /// Whether everything could be read. If not, a sweep removes no script.
    pub fn is_complete(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// What could not be read, with the reason.
    pub fn unreadable(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.unreadable
            .iter()
            .map(|(path, why)| (path.as_path(), why.as_str()))
    }

    /// Who refers to this file, by its name or its identity (device, inode).
    pub(crate) fn user_of(&self, name: &OsStr, identity: (u64, u64)) -> Option<&str> {
        let found = self.names.get(name).or_else(|| self.files.get(&identity));
        found.map(String::as_str)
    }

    fn scan(&mut self, dir: &Path, levels: u32) {
        let entries = self.entries(dir);
        let has = |name: &str| entries.iter().any(|entry| entry.file_name() == name);
        for name in BUNDLE_FILES.into_iter().filter(|name| has(name)) {
            self.bundle_file(&dir.join(name));
        }
        // A bundle's subdirectories are the container's own filesystems.
        if levels == 0 || has("config.json") || has("rootfs") || BUNDLE_FILES.into_iter().any(has) {
            return;
        }
        for entry in entries {
            match is_dir(&entry) {
                Ok(true) => self.scan(&entry.path(), levels - 1),
                Ok(false) => {}
                Err(error) => self.missed(&entry.path(), &error),
            }
        }
    }

    fn bundle_file(&mut self, path: &Path) {
        let text = match read_bounded(path, MAX_FILE) {
            Ok(text) => text,
            Err(error) => return self.missed(path, &error),
        };
        let by = format!("bundle file {path:?}");
        // Whatever the file's form: our names need no escape in any.
        for word in text.split(|byte| !is_safe(*byte)).map(OsStr::from_bytes) {
            if is_script_name(word) {
                self.names
                    .entry(word.to_owned())
                    .or_insert_with(|| by.clone());
            }
        }
        match Value::parse(&text) {
            Ok(value) => self.paths_in(&value, &by),
            Err(_) => self.add(Path::new(OsStr::from_bytes(text.trim_ascii())), &by),
        }
    }

    fn paths_in(&mut self, value: &Value, by: &str) {
        match value {
            Value::String(text) if text.contains('/') => self.add(Path::new(text), by),
            Value::Array(items) => items.iter().for_each(|item| self.paths_in(item, by)),
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(_, value)| self.paths_in(value, by));
            }
            _ => {}
        }
    }

    /// The entries of a directory; none if it is missing or was just removed.
    fn entries(&mut self, dir: &Path) -> Vec<DirEntry> {
        let entries = dir.read_dir().and_then(Iterator::collect);
        entries.unwrap_or_else(|error| {
            self.missed(dir, &error);
            Vec::new()
        })
    }

    /// Remembers what could not be read; what is gone needs nothing any more.
    fn missed(&mut self, path: &Path, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.unreadable.push((path.to_owned(), error.to_string()));
        }
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

/// Whether the error says that no file can have this path, not that it could not be asked.
fn leads_nowhere(error: &io::Error) -> bool {
    // A path with NUL in it has no number, but this kind.
    let errno = error.raw_os_error().map(Errno::from_raw);
    error.kind() == io::ErrorKind::InvalidInput
        || matches!(
            errno,
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENAMETOOLONG)
        )
}

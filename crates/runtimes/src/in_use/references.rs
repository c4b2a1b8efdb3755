//! Collects what is in use: names of scripts, and files that paths lead to.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::scripts::script::{is_safe, is_script_name};
use crate::table::Runtimes;

/// The most symlinks that are followed. The kernel has the same limit.
const MAX_LINKS: u32 = 40;

/// What is known to be in use, and by whom.
///
/// A script is referenced if a reference has its file name, in whatever directory. The name holds a
/// digest, so it is the same script. A script is also referenced if a path leads to the same file.
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
    /// Symlinks are followed, and every name on the way counts. If that fails, the path is
    /// remembered as one that could not be read.
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
                // EINVAL: this is not a symlink, so the path ends here.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
                Err(error) => return Err(error),
            }
        }
        // A hard link or a bind mount gives the file another name. Device and inode stay the same.
        let metadata = path.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        self.files.entry(identity).or_insert_with(|| by.to_owned());
        Ok(())
    }

    /// Adds the scripts of a table. Call it for the table that is loaded next, so that its scripts
    /// stay.
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

    /// Adds what the symlinks in a directory lead to.
    pub fn scan_links(&mut self, dir: &Path) {
        for entry in self.entries(dir) {
            let link = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_symlink() => {
                    self.add(&link, &format!("the symlink {link:?} leads to it"));
                }
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

    /// Returns who refers to this file. It is known by its name, or by its device and inode.
    pub(crate) fn user_of(&self, name: &OsStr, identity: (u64, u64)) -> Option<&str> {
        let found = self.names.get(name).or_else(|| self.files.get(&identity));
        found.map(String::as_str)
    }

    /// Adds every word of a text that has the form of a script's name.
    pub(super) fn add_names_in(&mut self, text: &[u8], by: &str) {
        // The text may have any form. The names of scripts need no escape in any of them.
        for word in text.split(|byte| !is_safe(*byte)).map(OsStr::from_bytes) {
            if is_script_name(word) {
                let name = word.to_owned();
                self.names.entry(name).or_insert_with(|| by.to_owned());
            }
        }
    }

    /// The entries of a directory. A directory that is missing, or that was just removed, has none.
    pub(super) fn entries(&mut self, dir: &Path) -> Vec<DirEntry> {
        let entries = dir.read_dir().and_then(Iterator::collect);
        entries.unwrap_or_else(|error| {
            self.missed(dir, &error);
            Vec::new()
        })
    }

    /// Remembers a part of procfs that could not be read, even if it is not there.
    pub(super) fn unseen(&mut self, path: &Path, why: String) {
        self.unreadable.push((path.to_owned(), why));
    }

    /// Remembers a file that could not be read. A file that is gone refers to nothing.
    pub(super) fn missed(&mut self, path: &Path, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.unreadable.push((path.to_owned(), error.to_string()));
        }
    }
}

/// Whether the error proves that there is no file at this path.
pub(super) fn leads_nowhere(error: &io::Error) -> bool {
    // For a path with a NUL byte the standard library gives this kind and no error number.
    let errno = error.raw_os_error().map(Errno::from_raw);
    error.kind() == io::ErrorKind::InvalidInput
        || matches!(
            errno,
            // ELOOP: links in a circle. ENAMETOOLONG: no file can have such a name.
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENAMETOOLONG)
        )
}

//! Removes the scripts that no one needs, and what a crash left behind.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::log::{debug, warning};
use nix::errno::Errno;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::references::References;
use crate::error::Error;
use crate::scripts::ScriptStore;
use crate::scripts::calls::retry;
use crate::scripts::directory;
use crate::scripts::lock::{self, LOCK_FILE};
use crate::scripts::script::is_script_name;
use crate::scripts::temp;

/// What a sweep decided about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptVerdict {
    /// The file.
    pub path: PathBuf,
    /// Why it stays or goes.
    pub reason: Reason,
}

/// Why a file in the script directory stays or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Goes: a script that nothing refers to.
    Unreferenced,
    /// Goes: a temporary file of a publisher that died.
    StaleTemporary,
    /// Stays: someone refers to it.
    Referenced {
        /// Who.
        by: String,
    },
    /// Stays: another process uses the directory, and may hand out any script in it.
    InUse,
    /// Stays: not all references could be read. One of the others may name it.
    Uncertain {
        /// The first thing that could not be read.
        unreadable: PathBuf,
    },
    /// Stays: this crate did not put it there.
    Foreign,
}

impl Reason {
    /// Whether the file goes.
    pub fn removes(&self) -> bool {
        matches!(self, Self::Unreferenced | Self::StaleTemporary)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreferenced => f.write_str("nothing refers to it"),
            Self::StaleTemporary => f.write_str("left behind by a crash"),
            Self::Referenced { by } => write!(f, "in use: {by}"),
            Self::InUse => f.write_str("another process uses the directory"),
            Self::Uncertain { unreadable } => {
                write!(
                    f,
                    "may be referenced by {unreadable:?}, which cannot be read"
                )
            }
            Self::Foreign => f.write_str("not a wrapper script"),
        }
    }
}

/// What a sweep did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SweepReport {
    /// One verdict per file, sorted by path.
    pub verdicts: Vec<ScriptVerdict>,
    /// Files that were to go and could not be removed.
    pub failed: Vec<(PathBuf, io::Error)>,
}

/// Decides about every file in a script directory and changes nothing, not even a lock.
///
/// A missing directory has no files.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) if the directory cannot be read.
pub fn plan_sweep(dir: &Path, references: &References) -> Result<Vec<ScriptVerdict>, Error> {
    match directory::open(dir) {
        Ok(open) => {
            let alone = !lock::is_used(&open);
            Ok(decide(dir, list(dir)?, references, alone))
        }
        Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Removes unreferenced scripts and stale temporary files.
///
/// A daemon calls it at its start, before it opens its [`Registry`](crate::Registry). While any
/// process holds the directory open, this one included, everything stays. Collect the references
/// just before.
///
/// # Errors
///
/// As [`ScriptStore::open`]. A file that cannot be removed is in the report.
pub fn sweep(dir: &Path, references: &References) -> Result<SweepReport, Error> {
    // Opening the store would make the directory, and a sweep makes nothing.
    if matches!(directory::open(dir), Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32))
    {
        return Ok(SweepReport::default());
    }
    let store = ScriptStore::open(dir)?;
    // Listed under the lock, too: nobody can publish or hand out a script until it is released.
    let swept = store.lock().alone(|| {
        let verdicts = decide(dir, list(dir)?, references, true);
        let failed = remove(store.dir(), &verdicts);
        Ok(SweepReport { verdicts, failed })
    });
    let report = match swept {
        Some(report) => report?,
        None => {
            let verdicts = decide(dir, list(dir)?, references, false);
            SweepReport {
                verdicts,
                failed: Vec::new(),
            }
        }
    };
    let removed = report
        .verdicts
        .iter()
        .filter(|verdict| verdict.reason.removes())
        .count();
    debug!(path = %dir.display(), removed, failed = report.failed.len(), "swept scripts");
    Ok(report)
}

/// A file of the directory: its name, and device and inode.
type Entry = (OsString, (u64, u64));

fn list(dir: &Path) -> Result<Vec<Entry>, Error> {
    let error = |source| Error::io("readdir", dir, source);
    let mut entries = Vec::new();
    for entry in dir.read_dir().map_err(error)? {
        let entry = entry.map_err(error)?;
        // A symlink is not followed. One with a script's name is judged as itself.
        match entry.metadata() {
            Ok(metadata) => entries.push((entry.file_name(), (metadata.dev(), metadata.ino()))),
            // A temporary file of a publisher can go between the two calls.
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::io("stat", &entry.path(), source)),
        }
    }
    entries.sort();
    Ok(entries)
}

fn decide(
    dir: &Path,
    entries: Vec<Entry>,
    references: &References,
    alone: bool,
) -> Vec<ScriptVerdict> {
    // Without the lock file the next user would make and lock another one. Then two users would not
    // see each other.
    let entries = entries.into_iter().filter(|(name, _)| name != LOCK_FILE);
    let verdict = |(name, identity): Entry| {
        let reason = judge(&name, identity, references, alone);
        ScriptVerdict {
            path: dir.join(name),
            reason,
        }
    };
    entries.map(verdict).collect()
}

fn judge(name: &OsStr, identity: (u64, u64), references: &References, alone: bool) -> Reason {
    let temporary = name.as_bytes().starts_with(temp::PREFIX.as_bytes());
    if !temporary && !is_script_name(name) {
        return Reason::Foreign;
    }
    // No one was ever given a temporary name. After a crash it can be a second name of a file that
    // is in use, so its removal hurts nobody.
    let user = references.user_of(name, identity).filter(|_| !temporary);
    if let Some(by) = user {
        return Reason::Referenced { by: by.to_owned() };
    }
    match references.unreadable().next() {
        // First, for temporary files as well: a publisher that lives may still write one.
        _ if !alone => Reason::InUse,
        _ if temporary => Reason::StaleTemporary,
        Some((path, _)) => Reason::Uncertain {
            unreadable: path.to_owned(),
        },
        None => Reason::Unreferenced,
    }
}

fn remove(dir: &OwnedFd, verdicts: &[ScriptVerdict]) -> Vec<(PathBuf, io::Error)> {
    let mut failed = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.reason.removes()) {
        let name = verdict
            .path
            .file_name()
            .expect("a directory's entry has a name");
        match retry(|| unlinkat(dir, name, UnlinkatFlags::NoRemoveDir)) {
            // ENOENT: somebody removed it by hand, and that is what was wanted.
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => {
                warning!(path = %verdict.path.display(), %errno, "script stays behind");
                failed.push((verdict.path.clone(), errno.into()));
            }
        }
    }
    failed
}

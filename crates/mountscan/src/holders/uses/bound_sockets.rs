//! Reads which Unix sockets are bound below some paths, in the network namespace of a process.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::holders::processes::Member;
use crate::holders::uses::sockets;
use crate::kernel::procfs::ProcDir;

/// Paths of bound sockets by their inodes.
pub(crate) type Bound = HashMap<u64, PathBuf>;

/// The sockets that are bound at or below some paths.
pub(crate) struct BoundSockets<'p> {
    proc: &'p ProcDir,
    paths: Vec<PathBuf>,
    /// What was read, by the link of the network namespace.
    known: Mutex<BTreeMap<PathBuf, Arc<Bound>>>,
}

impl<'p> BoundSockets<'p> {
    pub(crate) fn below(proc: &'p ProcDir, paths: Vec<PathBuf>) -> Self {
        Self {
            proc,
            paths,
            known: Mutex::default(),
        }
    }

    /// Those of a process's network namespace. Each network namespace is read once.
    pub(crate) fn of(&self, member: &Member) -> Arc<Bound> {
        let Ok(namespace) = self.proc.link(member.file("ns/net")) else {
            return Arc::default();
        };
        // Locked while it reads: another thread waits, instead of reading the same text again.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            let text = self.proc.read(member.file("net/unix")).unwrap_or_default();
            let is_below = |path: &Path| self.paths.iter().any(|above| path.starts_with(above));
            let bound = sockets::bound(&text).filter(|(_, path)| is_below(path));
            let owned = bound.map(|(inode, path)| (inode, path.to_owned()));
            Arc::new(owned.collect())
        };
        known.entry(namespace).or_insert_with(read).clone()
    }
}

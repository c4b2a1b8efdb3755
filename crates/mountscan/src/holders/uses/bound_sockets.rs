//! Reads which Unix sockets are bound below some paths, in the network namespace of a process.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::holders::processes::member::Member;
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
    pub(crate) fn of(&self, member: &Member) -> Result<Arc<Bound>, Error> {
        let namespace = self.proc.link(member.file("ns/net"))?;
        // Locked while it reads: another thread waits, instead of reading the same text again.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = known.get(&namespace) {
            return Ok(bound.clone());
        }
        let text = match self.proc.read(member.file("net/unix")) {
            // A kernel without Unix sockets has no such file, but the directory. If the process has
            // ended, neither is there, and nothing is known of the namespace.
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && self.proc.numbers(member.file("net")).is_ok() =>
            {
                Vec::new()
            }
            text => text?,
        };
        let is_below = |path: &Path| self.paths.iter().any(|above| path.starts_with(above));
        let bound = sockets::bound(&text).filter(|(_, path)| is_below(path));
        let owned = bound.map(|(inode, path)| (inode, path.to_owned()));
        let bound: Arc<Bound> = Arc::new(owned.collect());
        known.insert(namespace, bound.clone());
        Ok(bound)
    }
}

//! Reads which Unix sockets are bound below some paths, in the network namespace of a process.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::OFlags;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::error::{Error, ErrorKind};
use crate::holders::facts::unix_diag::device_of;
use crate::holders::processes::member::Member;
use crate::holders::uses::sockets;
use crate::ids::Device;
use crate::kernel::procfs::ProcDir;

/// Bound sockets by their inodes.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    /// Those with an absolute path.
    pub(crate) paths: HashMap<u64, PathBuf>,
    /// Those with a relative path, and the device of the file system that they are on. Without that
    /// they may be on any.
    pub(crate) relative: HashMap<u64, (PathBuf, Option<Device>)>,
}

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
        let all = sockets::bound(&text).map(|(inode, path)| (inode, path.to_owned()));
        let (paths, relative): (Vec<_>, Vec<_>) = all.partition(|(_, path)| path.is_absolute());
        let bound = Arc::new(Bound {
            paths: paths
                .into_iter()
                .filter(|(_, path)| is_below(path))
                .collect(),
            relative: self.placed(member, &namespace, relative),
        });
        known.insert(namespace, bound.clone());
        Ok(bound)
    }

    /// Asks the kernel for the file systems of sockets. Their network namespace is entered for
    /// that, by a thread of its own.
    fn placed(
        &self,
        member: &Member,
        namespace: &Path,
        sockets: Vec<(u64, PathBuf)>,
    ) -> HashMap<u64, (PathBuf, Option<Device>)> {
        let ask = |inode| device_of(inode).ok().flatten();
        let all = |ask: &dyn Fn(u64) -> Option<Device>| -> HashMap<_, _> {
            let sockets = sockets.iter();
            sockets
                .map(|(inode, path)| (*inode, (path.clone(), ask(*inode))))
                .collect()
        };
        let is_own = |own: PathBuf| own == namespace;
        if sockets.is_empty() || self.proc.link("thread-self/ns/net").is_ok_and(is_own) {
            return all(&ask);
        }
        let file = self.proc.follow(member.file("ns/net"), OFlags::RDONLY);
        let Ok(file) = file else {
            return all(&|_| None);
        };
        let inside = || {
            let network = Some(LinkNameSpaceType::Network);
            let entered = move_into_link_name_space(file.as_fd(), network);
            match entered {
                Ok(()) => all(&ask),
                Err(_) => all(&|_| None),
            }
        };
        std::thread::scope(|scope| {
            let started = std::thread::Builder::new().spawn_scoped(scope, inside).ok();
            let answer = started.and_then(|thread| thread.join().ok());
            answer.unwrap_or_else(|| all(&|_| None))
        })
    }
}

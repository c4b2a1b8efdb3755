//! Knows whose table a watcher follows, and opens its files.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::ask::thread::{mountinfo_in, mountinfo_of, own_namespace_id};
use crate::error::{Error, ErrorKind};
use crate::kernel::procfs::ProcDir;
use crate::kernel::queries::{KernelQueries, Scope};
use crate::kernel::sys;
use crate::watch::options::WatchOptions;

/// Whose table is followed.
#[derive(Debug)]
pub(crate) enum Place {
    /// The calling thread's table. The text is the name of its mountinfo in procfs.
    Thread(String),
    /// A process's table. The text is the name of its mountinfo in procfs.
    Process(String),
    /// A namespace's table, by its nsfs file.
    Namespace(Arc<OwnedFd>),
}

impl Place {
    pub(crate) fn of(options: &WatchOptions, proc: &ProcDir) -> Result<Self, Error> {
        Ok(match (&options.namespace, options.pid) {
            (Some(namespace), _) => Self::Namespace(Arc::clone(namespace)),
            (None, Some(pid)) => Self::Process(format!("{pid}/mountinfo")),
            (None, None) => Self::Thread(mountinfo_of(proc)?),
        })
    }

    /// Opens its mountinfo. Each open file has its own mark that says whether something changed
    /// since.
    pub(crate) fn mountinfo(&self, proc: &ProcDir) -> Result<File, Error> {
        match self {
            Self::Thread(name) | Self::Process(name) => proc.file(name),
            // Without a process there is no such path: a thread of ours enters the namespace to
            // open it.
            Self::Namespace(namespace) => mountinfo_in(proc, namespace.as_fd()),
        }
    }

    /// The path of its mountinfo, for messages.
    pub(crate) fn shown(&self, proc: &ProcDir) -> PathBuf {
        match self {
            Self::Thread(name) | Self::Process(name) => proc.shown(name),
            Self::Namespace(_) => proc.shown("thread-self/mountinfo"),
        }
    }

    /// The nsfs file that fanotify can mark.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a process. Its table ends at its root directory, but mount
    /// events are of the whole namespace.
    pub(crate) fn namespace(&self, proc: &ProcDir) -> Result<OwnedFd, Error> {
        match self {
            Self::Thread(_) => proc.follow("thread-self/ns/mnt", OFlags::RDONLY),
            Self::Process(_) => Err(Error::new(
                ErrorKind::Unsupported,
                "watch a process's namespace by fanotify",
            )),
            Self::Namespace(namespace) => namespace
                .try_clone()
                .map_err(|cause| Error::io("dup", cause)),
        }
    }

    /// What to list to learn which mounts exist; `None` if the kernel does not list them.
    pub(crate) fn scope(&self, proc: &ProcDir) -> Result<Option<Scope>, Error> {
        let can = KernelQueries::cached();
        Ok(match self {
            Self::Thread(_) if can >= KernelQueries::Ids => Some(own_namespace_id(proc)),
            Self::Namespace(file) if can >= KernelQueries::Rows => Some(
                sys::namespace_id(file.as_fd())
                    .map_err(|cause| Error::io("ioctl(NS_GET_MNTNS_ID)", cause))?,
            ),
            // A process's table may end at its root directory, and a list would not.
            _ => None,
        }
        .map(Scope::namespace))
    }
}

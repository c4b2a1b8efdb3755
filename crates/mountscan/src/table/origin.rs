//! Where a table comes from: plain values that the table carries and the reading room acts on.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use crate::kernel::procfs::Proc;

/// Whose mount table to read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Source<'a> {
    /// The calling thread's: its mount namespace, seen from its root directory.
    Thread,
    /// A process's: its mount namespace, seen from its root directory. Where that is not the
    /// namespace's root, mounts outside are not shown
    /// ([`MountTable::extent`](crate::MountTable::extent) tells).
    Pid(u32),
    /// A process's mount namespace, whole: seen from the namespace's root, whatever the process's
    /// own is.
    NamespaceOf(u32),
    /// A mount namespace, by an open file such as `/proc/PID/ns/mnt` or a bind of it; seen from its
    /// root.
    Namespace(BorrowedFd<'a>),
    /// A mount namespace by its 64-bit id (Linux 6.11); seen from its root.
    NamespaceId(u64),
}

/// How to read a table from the kernel.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Which procfs; the one at `/proc`. If it is not procfs, or covered, the kernel is asked mount
    /// by mount (Linux 6.13), else it is an error.
    pub proc: Proc,
    /// Also find each mount's unique id, for the thread's own namespace. Costs two `listmount`
    /// more. Without effect before Linux 6.8.
    pub unique_ids: bool,
    /// Also ask for the id maps of idmapped mounts ([`Row::id_maps`](crate::Row::id_maps)), which
    /// no text has. Costs one `statmount` for each of them, and finds the unique ids too. Without
    /// effect before Linux 6.18, and for [`Source::Pid`].
    pub id_maps: bool,
    /// Go on until the rows are known to be of one moment; else
    /// [`ErrorKind::Unstable`](crate::ErrorKind::Unstable).
    pub one_moment: bool,
    /// How often to read, or to list, before giving up on one moment; 10.
    pub attempts: u32,
}

impl ReadOptions {
    /// The defaults: the procfs at `/proc`, no unique ids, no id maps, whatever consistency one
    /// reading has, ten attempts.
    pub fn new() -> Self {
        Self {
            proc: Proc::default(),
            unique_ids: false,
            id_maps: false,
            one_moment: false,
            attempts: 10,
        }
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// How much of each row to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detail {
    /// Every field.
    Everything,
    /// All fields except the source and the super options. These may read as empty, and as `rw` or
    /// `ro` alone. Much cheaper where they are long, as on overlay mounts.
    Places,
}

/// How a table was made, so that it can be made again.
#[derive(Debug, Clone, Default)]
pub(crate) enum Origin {
    /// From text or a file of the caller's.
    #[default]
    Given,
    /// `namespace` is the id of the thread's mount namespace, 0 where it is not known.
    Thread {
        proc: Proc,
        namespace: u64,
    },
    Pid {
        proc: Proc,
        pid: u32,
    },
    Namespace {
        id: u64,
    },
    /// `top` is the unique id of the mount that holds the path; `None` where the table was read by
    /// text.
    Under {
        path: PathBuf,
        detail: Detail,
        top: Option<u64>,
    },
}

impl Origin {
    pub(crate) fn detail(&self) -> Detail {
        if let Self::Under { detail, .. } = self {
            *detail
        } else {
            Detail::Everything
        }
    }
}

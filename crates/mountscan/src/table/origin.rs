//! Says where a table comes from. The table carries these plain values, and the room `read` acts on
//! them.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use crate::kernel::procfs::Proc;

/// Whose mount table to read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Source<'a> {
    /// The calling thread's table: its mount namespace, seen from its root directory.
    Thread,
    /// A process's table: its mount namespace, seen from its root directory. If that is not the
    /// namespace's root, mounts outside of it are not shown
    /// ([`MountTable::extent`](crate::MountTable::extent) tells).
    Pid(u32),
    /// The whole mount namespace of a process, seen from the namespace's root. The process's own
    /// root directory does not matter.
    NamespaceOf(u32),
    /// A mount namespace, seen from its root. It is given as an open file such as
    /// `/proc/PID/ns/mnt` or a bind of it.
    Namespace(BorrowedFd<'a>),
    /// A mount namespace, seen from its root. It is given by its 64-bit id (Linux 6.11).
    NamespaceId(u64),
}

/// How to read a table from the kernel.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Which procfs to read; by default the one at `/proc`. If it is not procfs, or is covered, the
    /// kernel is asked mount by mount (Linux 6.13). On older kernels that is an error.
    pub proc: Proc,
    /// Also find the unique id of each mount. For the thread's own table it costs two more
    /// `listmount` (Linux 6.8). For a process's table it costs one `listmount` and one `statmount`
    /// for each mount, and a second reading (Linux 6.11); the caller must be allowed to open
    /// `/proc/PID/ns/mnt`. Where that is not possible the table comes without unique ids.
    pub unique_ids: bool,
    /// Also ask for the id maps of idmapped mounts ([`Row::id_maps`](crate::Row::id_maps)), which
    /// no text has. It costs one `statmount` for each of them, and finds the unique ids, too. It
    /// has no effect before Linux 6.18.
    pub id_maps: bool,
    /// Read until the rows are known to be of one moment. If that fails, the error is
    /// [`ErrorKind::Unstable`](crate::ErrorKind::Unstable).
    pub one_moment: bool,
    /// How often to read, or to list, before giving up on one moment; by default 10.
    pub attempts: u32,
}

impl ReadOptions {
    /// The defaults: the procfs at `/proc`, no unique ids, no id maps, any consistency, ten
    /// attempts.
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
    /// All fields except the source and the super options. These may read as empty, and as only
    /// `rw` or `ro`. It is much cheaper if they are long, as on overlay mounts.
    Places,
}

/// How a table was made, so that it can be made again.
#[derive(Debug, Clone, Default)]
pub(crate) enum Origin {
    /// From text or a file of the caller.
    #[default]
    Given,
    /// `namespace` is the id of the thread's mount namespace; 0 if it is not known.
    Thread {
        proc: Proc,
        namespace: u64,
    },
    /// `namespace` is the id of the process's mount namespace; 0 if it is not known.
    Pid {
        proc: Proc,
        pid: u32,
        namespace: u64,
    },
    Namespace {
        id: u64,
    },
    /// `top` is the unique id of the mount that holds the path; `None` if the table was read as
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

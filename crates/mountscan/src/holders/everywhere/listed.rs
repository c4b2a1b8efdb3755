//! The values that describe mount namespaces.

use std::path::PathBuf;

use crate::holders::report::{HolderProcess, NamespaceKeeper};
use crate::table::mount_table::MountTable;

/// The mount namespaces that can be seen.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Namespaces {
    /// The namespaces. The caller's own comes first, then the others by their lowest process, then
    /// those without processes.
    pub namespaces: Vec<MountNamespace>,
    /// How many processes could not be looked into, because a privilege is missing. They may live
    /// in namespaces that are missing here.
    pub unreadable: usize,
    /// Whether procfs hides processes of other users (`hidepid`) from the caller. If so, namespaces
    /// of these processes may be missing here.
    pub hides: bool,
    /// Whether procfs shows the processes of the whole machine; `None` if that is not known. If it
    /// does not, namespaces of others may be missing here.
    pub is_initial: Option<bool>,
    /// How many namespaces without processes were found that could not be opened, or whose tables
    /// could not be read.
    pub closed: usize,
}

/// A mount namespace with its table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MountNamespace {
    /// Inode number of its nsfs file, as in `mnt:[4026531841]`.
    pub inode: u64,
    /// Its 64-bit id (Linux 6.11).
    pub namespace_id: Option<u64>,
    /// Whether it is the namespace of the calling thread.
    pub is_own: bool,
    /// Its mounts, as far as its first process can reach them.
    pub table: MountTable,
    /// The processes that live there, by pid, without uses.
    pub processes: Vec<HolderProcess>,
    /// What keeps the namespace, if no process lives there.
    pub kept_by: Vec<NamespaceKeeper>,
    /// The text of the link to the root directory from which the table is seen. `None` if it could
    /// not be read, or if no process lives there.
    pub(crate) root: Option<PathBuf>,
}

//! The results of a search for holders.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::row::mount_info::MountInfo;

/// Who holds a mount, and what uses it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holders {
    /// Namespaces that have the mount or a copy of it. The caller's own comes first, then the
    /// others by their lowest process, then those without processes.
    pub namespaces: Vec<HolderNamespace>,
    /// Processes that use the mount from a namespace that does not have it, if uses were asked for.
    /// Such a process entered another namespace later, or got a descriptor from another process, or
    /// the mount has been detached lazily.
    pub elsewhere: Vec<HolderProcess>,
    /// What the kernel itself keeps open on the mount, if uses were asked for.
    pub kernel: Vec<KernelUse>,
    /// The files and directories that would tell of further loop devices or swap files and could
    /// not be read.
    pub kernel_unread: Vec<PathBuf>,
    /// Overlays of which a layer could not be found: nobody knows where its relative path begins,
    /// or its path leads nowhere any more, or through a file system that may wait. The layer may be
    /// on the mount. Each overlay is here once, in whatever namespaces it is mounted.
    pub unplaced: Vec<MountInfo>,
    /// How many namespaces were read. Each counts once.
    pub namespaces_read: usize,
    /// How many processes run and could not be looked into, or not into all that tells of uses. A
    /// privilege is missing, or the system refused it. They may hold the mount, too.
    pub unreadable: usize,
    /// How many namespaces without processes were found that could not be opened, or whose tables
    /// could not be read.
    pub closed: usize,
}

impl Holders {
    /// Whether anything uses the mount: a process, the kernel, a mount on it, or an overlay with a
    /// layer on it. A namespace that only has a copy does not use the mount, but keeps its file
    /// system alive.
    pub fn is_used(&self) -> bool {
        let mut processes = self
            .namespaces
            .iter()
            .flat_map(|namespace| &namespace.processes);
        !self.elsewhere.is_empty()
            || !self.kernel.is_empty()
            || processes.any(|process| !process.uses.is_empty())
            || self
                .namespaces
                .iter()
                .any(|namespace| !namespace.users.is_empty())
    }
}

/// A mount namespace that holds a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderNamespace {
    /// Inode number of its nsfs file, as in `mnt:[4026531841]`.
    pub inode: u64,
    /// Its 64-bit id (Linux 6.11).
    pub namespace_id: Option<u64>,
    /// Whether it is the namespace of the calling thread.
    pub is_own: bool,
    /// The mounts in this namespace that hold it: mounts of the same file system, with the same
    /// root or a root below it.
    pub mounts: Vec<MountInfo>,
    /// Mounts in this namespace that use it, if uses were asked for.
    pub users: Vec<MountUser>,
    /// The processes that live there, by pid.
    pub processes: Vec<HolderProcess>,
    /// What keeps the namespace, if no process lives in it and such namespaces were asked for.
    pub kept_by: Vec<NamespaceKeeper>,
}

/// A mount that uses another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MountUser {
    /// The mount that uses the other one.
    pub mount: MountInfo,
    /// How it uses the other one.
    pub how: MountedUse,
}

/// How a mount uses another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountedUse {
    /// It is mounted on the other one.
    Nested,
    /// It is an overlay, and this directory is one of its layers or its work directory. The path
    /// comes from its options. It is written there as whoever mounted the overlay saw it.
    Layer(PathBuf),
}

/// What the kernel keeps open on a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelUse {
    /// A loop device whose backing file is on the mount.
    Loop {
        /// The device's name, such as `loop0`.
        device: String,
        /// The backing file.
        file: PathBuf,
    },
    /// A file into which the kernel swaps memory.
    Swap {
        /// The file.
        file: PathBuf,
    },
}

/// What keeps a namespace in which no process lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamespaceKeeper {
    /// An open descriptor of its nsfs file.
    Descriptor {
        /// The process that has it open.
        pid: u32,
        /// The thread that has it open, if it has descriptors of its own, or if it stands for a
        /// process whose first thread has ended.
        thread: Option<u32>,
        /// The number of the descriptor in that process.
        descriptor: u32,
    },
    /// A bind mount of its nsfs file.
    Bind {
        /// The inode number of the mount namespace in which the bind is.
        namespace: u64,
        /// The mount point of the bind in that namespace.
        mount_point: PathBuf,
    },
}

/// A process, or a thread that has something of its own: another mount namespace than its process,
/// another root or working directory, or other descriptors.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderProcess {
    /// Process id.
    pub pid: u32,
    /// The thread, if it has something of its own, or if it stands for a process whose first thread
    /// has ended.
    pub thread: Option<u32>,
    /// Command name, at most 15 bytes.
    pub comm: OsString,
    /// How it uses the mount, if uses were asked for.
    pub uses: Vec<MountUse>,
    /// Whether something of it could not be read that tells of uses. It may use the mount in other
    /// ways, too.
    pub is_unread: bool,
}

/// How a process uses a mount.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountUse {
    /// Its working directory is on the mount.
    WorkingDirectory,
    /// Its root directory is on the mount.
    RootDirectory,
    /// The program that it runs is on the mount.
    Executable,
    /// It has mapped a file of the mount.
    Mapping,
    /// This descriptor is of a file on the mount.
    Descriptor(u32),
    /// It has a Unix socket open that is bound on the mount, at this path.
    Socket(PathBuf),
}

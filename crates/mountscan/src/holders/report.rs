//! What a search for holders finds.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::row::mount_info::MountInfo;

/// Who holds a mount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holders {
    /// Namespaces that have the mount or a copy of it: the caller's own first, then by their lowest
    /// process, then those without processes.
    pub namespaces: Vec<HolderNamespace>,
    /// Processes that use it from a namespace that does not have it, if uses were asked for: they
    /// entered another one since, were handed a descriptor, or the mount has been detached lazily.
    pub elsewhere: Vec<HolderProcess>,
    /// What the kernel itself keeps open there, if uses were asked for.
    pub kernel: Vec<KernelUse>,
    /// Namespaces whose tables were read, each once.
    pub namespaces_read: usize,
    /// Processes that could not be looked into for want of privilege: they may hold it too.
    pub unreadable: usize,
}

impl Holders {
    /// Whether anything uses the mount: a process, the kernel, or a mount on it or from it. A
    /// namespace that only has a copy does not use it, but keeps its file system alive.
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
    /// Whether it is the calling thread's.
    pub is_own: bool,
    /// The mounts there that hold it: of the same file system, with the same root or one below.
    pub mounts: Vec<MountInfo>,
    /// Mounts there that use it, if uses were asked for.
    pub users: Vec<MountUser>,
    /// The processes that live there, by pid.
    pub processes: Vec<HolderProcess>,
    /// What keeps it, if no process lives there and such namespaces were asked for.
    pub kept_by: Vec<NamespaceKeeper>,
}

/// A mount that uses another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MountUser {
    /// The mount that uses it.
    pub mount: MountInfo,
    /// How.
    pub how: MountedUse,
}

/// How a mount uses another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountedUse {
    /// It is mounted on it.
    Nested,
    /// An overlay that has this directory on it as a layer or as its work directory. By the path in
    /// its options, which is as whoever mounted it wrote it.
    Layer(PathBuf),
}

/// What the kernel keeps open on a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelUse {
    /// A loop device with its backing file there.
    Loop {
        /// The device's name, such as `loop0`.
        device: String,
        /// The backing file.
        file: PathBuf,
    },
    /// A file to which memory is swapped.
    Swap {
        /// The file.
        file: PathBuf,
    },
}

/// What keeps a namespace that no process lives in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamespaceKeeper {
    /// An open descriptor of its nsfs file.
    Descriptor {
        /// The process that has it open.
        pid: u32,
        /// Its number there.
        descriptor: u32,
    },
    /// A bind mount of its nsfs file.
    Bind {
        /// The mount namespace where the bind is, by inode number.
        namespace: u64,
        /// Where it is there.
        mount_point: PathBuf,
    },
}

/// A process, or a thread with a mount namespace of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderProcess {
    /// Process id.
    pub pid: u32,
    /// The thread, where it is in another namespace than its process.
    pub thread: Option<u32>,
    /// Command name, at most 15 bytes.
    pub comm: OsString,
    /// How it uses the mount, if that was asked for.
    pub uses: Vec<MountUse>,
}

/// How a process uses a mount.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountUse {
    /// Its working directory is there.
    WorkingDirectory,
    /// Its root directory is there.
    RootDirectory,
    /// The program that it runs is there.
    Executable,
    /// It has a file from there mapped.
    Mapping,
    /// This descriptor is of a file there.
    Descriptor(u32),
    /// A Unix socket that it has open is bound there, at this path.
    Socket(PathBuf),
}

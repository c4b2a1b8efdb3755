//! The processes that live on file systems.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::holders::processes::process_view::ProcessView;
use crate::ids::{Device, MountId};

/// The processes that live on file systems.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Residents {
    /// One entry for each process and each way of use, sorted by mount namespace and pid.
    pub residents: Vec<Resident>,
    /// What the procfs shows of the machine. A process that it does not show may still live.
    pub view: ProcessView,
}

/// A process that lives on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resident {
    /// Process id.
    pub pid: u32,
    /// The thread, if it is in another mount namespace than its process or has a root or working
    /// directory of its own, or if it stands for a process whose first thread has ended.
    pub thread: Option<u32>,
    /// Command name, at most 15 bytes.
    pub comm: OsString,
    /// Inode number of its mount namespace.
    pub namespace: u64,
    /// How it lives there.
    pub how: ResidentUse,
    /// Device of the file system.
    pub device: Device,
    /// The root of the mount on which it lives, as a directory of the file system. `None` if only
    /// the device is known.
    pub root: Option<PathBuf>,
    /// The id of the mount, in the namespace of the process.
    pub mount_id: Option<MountId>,
}

/// How a process lives on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResidentUse {
    /// Its root directory is there, or a mount of that file system is at `/` in its table.
    RootDirectory,
    /// Its working directory is there.
    WorkingDirectory,
    /// The program that it runs is there.
    Executable,
    /// It has mapped a file that is there.
    Mapping,
}

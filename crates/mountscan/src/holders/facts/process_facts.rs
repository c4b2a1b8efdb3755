//! What has been read of a process, as values. Pure.

use std::path::PathBuf;

use crate::holders::report::MountUse;
use crate::ids::{Device, MountId};

/// What has been read of a process or a thread.
#[derive(Debug, Default)]
pub(crate) struct ProcessFacts {
    /// The text of the link to its root directory. Empty if it could not be read.
    pub(crate) root: PathBuf,
    /// Its working directory, root directory and program, as far as they are its own.
    pub(crate) links: Vec<LinkFacts>,
    /// Its mapped files. Each file is there once.
    pub(crate) maps: Vec<(Device, PathBuf)>,
    /// Its descriptors, without those of its own procfs.
    pub(crate) descriptors: Vec<DescriptorFacts>,
    /// Whether something of it could not be read, although it runs.
    pub(crate) has_gap: bool,
}

/// Where a link of a process leads.
#[derive(Debug)]
pub(crate) struct LinkFacts {
    /// The use of a mount that this is.
    pub(crate) how: MountUse,
    /// The mount to which it leads.
    pub(crate) mount: MountId,
    /// The device of the file system there, if the kernel was asked.
    pub(crate) device: Option<Device>,
}

/// An open file of a process.
#[derive(Debug)]
pub(crate) struct DescriptorFacts {
    pub(crate) number: u32,
    /// The mount that the file is on.
    pub(crate) mount: Option<MountId>,
    pub(crate) kind: FileKind,
}

/// What an open file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A file with a path in a file system.
    File,
    /// A socket, with its inode.
    Socket(u64),
    /// A mount namespace, with its inode.
    Namespace(u64),
    /// A file of the kernel without a path, such as a pipe.
    Other,
}

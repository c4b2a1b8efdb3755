//! What the report knows about mounts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daemon_host::mountscan::Device;

use super::probe::Probed;

#[derive(Default)]
pub(in crate::report) struct Mounts {
    pub(in crate::report) count: usize,
    pub(in crate::report) malformed: usize,
    pub(in crate::report) by_type: BTreeMap<String, usize>,
    /// Points with many mounts, and how many.
    pub(in crate::report) stacks: Vec<(PathBuf, usize)>,
    /// Parts of file systems that have many mounts: the first mount, and how many there are.
    pub(in crate::report) copies: Vec<(PathBuf, usize)>,
    /// Parts of file systems that have several mounts, stacks included.
    pub(in crate::report) repeated: Vec<Repeated>,
    /// How many mounts a namespace may have.
    pub(in crate::report) max: Option<u64>,
    /// `None` if the root is not a mount point.
    pub(in crate::report) root_is_private: Option<bool>,
    /// Directories that should have a mount, have none, and contain files.
    pub(in crate::report) covered_data: Vec<PathBuf>,
    /// Why such directories could not all be looked at.
    pub(in crate::report) covered_unread: Option<String>,
    /// How mounts answered, if that was asked for.
    pub(in crate::report) probed: Option<Vec<Probed>>,
}

/// A part of a file system, and how many mounts show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct Repeated {
    /// The mount point of the first of them.
    pub(in crate::report) first: PathBuf,
    pub(in crate::report) device: Device,
    pub(in crate::report) root: PathBuf,
    pub(in crate::report) count: usize,
}

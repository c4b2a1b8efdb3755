//! What the report knows about mounts.

use std::collections::BTreeMap;
use std::fmt;
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
    pub(in crate::report) covered_unread: Option<Unlooked>,
    /// How mounts answered, if that was asked for.
    pub(in crate::report) probed: Option<Vec<Probed>>,
}

/// Places that could not be looked at: the first of them, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct Unlooked {
    first: String,
    count: usize,
    /// What may help for the first, if that is known.
    pub(in crate::report) remedy: Option<String>,
}

impl Unlooked {
    pub(in crate::report) fn new(first: String, remedy: Option<String>) -> Self {
        let count = 1;
        Self {
            first,
            count,
            remedy,
        }
    }

    /// Both together; the first of them names its place.
    pub(in crate::report) fn add(known: &mut Option<Self>, more: Self) {
        match known {
            Some(known) => known.count += more.count,
            None => *known = Some(more),
        }
    }
}

impl fmt::Display for Unlooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first)?;
        match self.count {
            1 => Ok(()),
            count => write!(f, ", and {} more", count - 1),
        }
    }
}

/// A part of a file system, and how many mounts show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct Repeated {
    /// The mount point of the first of them.
    pub(in crate::report) first: PathBuf,
    pub(in crate::report) device: Device,
    pub(in crate::report) root: PathBuf,
    pub(in crate::report) fs_type: String,
    pub(in crate::report) count: usize,
}

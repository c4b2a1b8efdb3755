//! Where a data root is, and where the facts about it are read.

use std::path::PathBuf;

use crate::table::MOUNTINFO;
use crate::unmount::options::Detach;

/// Where a data root is, and where the facts about it are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataRootOptions {
    /// The data root: an absolute path of a directory. Symlinks are resolved.
    pub root: PathBuf,
    /// The exec root, where the ownership record is: an absolute path. Made with mode
    /// 0700 when a record is written.
    pub exec_root: PathBuf,
    /// What to do in a release when the root is busy.
    pub detach: Detach,
    /// The mount table of the calling thread.
    pub mountinfo: PathBuf,
    /// The file with the id of this boot.
    pub boot_id: PathBuf,
}

impl DataRootOptions {
    /// Options for a data root and an exec root. Everything else is the kernel's default.
    pub fn new(root: impl Into<PathBuf>, exec_root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            exec_root: exec_root.into(),
            detach: Detach::default(),
            mountinfo: PathBuf::from(MOUNTINFO),
            boot_id: PathBuf::from("/proc/sys/kernel/random/boot_id"),
        }
    }
}

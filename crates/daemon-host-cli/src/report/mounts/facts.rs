//! Mounts as the report knows them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::probe::Probed;

pub(in crate::report) struct Mounts {
    pub(in crate::report) count: usize,
    pub(in crate::report) malformed: usize,
    pub(in crate::report) by_type: BTreeMap<String, usize>,
    /// Points with many mounts, and how many.
    pub(in crate::report) stacks: Vec<(PathBuf, usize)>,
    /// Parts of file systems with many mounts: the first of them, and how many.
    pub(in crate::report) copies: Vec<(PathBuf, usize)>,
    /// How many mounts a namespace may have.
    pub(in crate::report) max: Option<u64>,
    /// `None` if the root is not a mount point.
    pub(in crate::report) root_is_private: Option<bool>,
    /// Directories to mount on that have files and no mount.
    pub(in crate::report) covered_data: Vec<PathBuf>,
    /// How mounts answered, if that was asked for.
    pub(in crate::report) probed: Option<Vec<Probed>>,
}

//! Settings of a search for residents.

use crate::ids::Device;
use crate::kernel::procfs::Proc;
use crate::table::mount_table::MountTable;

/// Which processes to look for, and where.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResidentsOptions {
    /// Which procfs to read; by default the one at `/proc`. Processes that it does not show are not
    /// seen.
    pub proc: Proc,
    /// Only processes on file systems with these devices; `None` for all.
    pub devices: Option<Vec<Device>>,
    /// The table of the caller's mount namespace, if it was read a moment ago. It is then not read
    /// again for processes that share the caller's namespace and root directory.
    pub table: Option<MountTable>,
}

impl ResidentsOptions {
    /// Reads `/proc`, for file systems of every device.
    pub fn new() -> Self {
        Self {
            proc: Proc::default(),
            devices: None,
            table: None,
        }
    }
}

impl Default for ResidentsOptions {
    fn default() -> Self {
        Self::new()
    }
}

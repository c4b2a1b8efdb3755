//! What a search for holders looks at.

use std::path::PathBuf;

use crate::kernel::procfs::Proc;

/// What to look at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HoldersOptions {
    /// Which procfs; the one at `/proc`. Processes that it does not show are not seen.
    pub proc: Proc,
    /// Where sysfs is mounted; `/sys`. It tells of loop devices.
    pub sys: PathBuf,
    /// Also find what uses the mount: processes in any namespace by working directory, root
    /// directory, program, mapped files, descriptors and bound sockets; mounts on it, and overlays
    /// with layers on it; loop devices and swap files.
    pub uses: bool,
    /// Also find namespaces that no process lives in, kept by a descriptor or a bind of their nsfs
    /// file. Looks at every descriptor of every process, and walks to the binds, through whatever
    /// is mounted there.
    pub unpopulated: bool,
}

impl HoldersOptions {
    /// `/proc`, no uses, and only namespaces that a process lives in.
    pub fn new() -> Self {
        Self {
            proc: Proc::default(),
            sys: "/sys".into(),
            uses: false,
            unpopulated: false,
        }
    }
}

impl Default for HoldersOptions {
    fn default() -> Self {
        Self::new()
    }
}

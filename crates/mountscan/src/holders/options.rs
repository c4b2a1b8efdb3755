//! Settings of a search for holders.

use std::path::PathBuf;

use crate::kernel::procfs::Proc;

/// What a search for holders looks at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HoldersOptions {
    /// Which procfs to read; by default the one at `/proc`. Processes that it does not show are not
    /// seen.
    pub proc: Proc,
    /// Where sysfs is mounted; by default `/sys`. It tells about loop devices.
    pub sys: PathBuf,
    /// Also find what uses the mount. That is: processes in any namespace, by working directory,
    /// root directory, program, mapped files, descriptors and bound sockets; mounts on the mount;
    /// overlays with layers on it; loop devices and swap files.
    pub uses: bool,
    /// Also find namespaces in which no process lives. A descriptor or a bind of their nsfs file
    /// keeps them. This looks at every descriptor of every process. It also walks to the binds,
    /// through whatever is mounted there.
    pub unpopulated: bool,
}

impl HoldersOptions {
    /// Reads `/proc` and `/sys`, finds no uses, and finds only namespaces in which a process lives.
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

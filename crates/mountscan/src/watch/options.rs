//! Settings of a watcher, and its events.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::procfs::Proc;
use crate::row::mount_info::MountInfo;

/// One event of a mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A mount is new.
    Attached(MountInfo),
    /// A mount is gone. This is its last row.
    Detached(MountInfo),
    /// The row of a mount has changed: it was moved, remounted or made shared. This is its new row.
    Changed(MountInfo),
    /// The kernel's queue overflowed (16 384 events). The table has been read again. The changes
    /// follow as events.
    Overflow,
}

/// How a watcher learns about changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WatchRoute {
    /// Mount events of fanotify (Linux 6.15, `CAP_SYS_ADMIN` over the mount namespace). They name
    /// the mounts that come, go and move. `poll` is used as well, for other changes.
    Fanotify,
    /// `poll` on mountinfo, which anyone may use. It wakes for each change, and then everything is
    /// read again.
    Poll,
}

/// What to watch, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Which procfs to read; by default the one at `/proc`.
    pub proc: Proc,
    /// The process whose namespace to watch, by `poll`; `None` for the calling thread.
    pub pid: Option<u32>,
    /// The mount namespace to watch, as an open file such as `/proc/PID/ns/mnt`. It may be a
    /// namespace that only this file keeps. It needs `CAP_SYS_ADMIN` over the namespace. If it is
    /// set, `pid` does not count.
    pub namespace: Option<Arc<OwnedFd>>,
    /// The route to take; `None` for the better one that works here.
    pub route: Option<WatchRoute>,
    /// How often to read everything again, for changes that no event tells; `None` for never.
    pub rescan_every: Option<Duration>,
}

impl WatchOptions {
    /// The calling thread's namespace, by the better route, without rescans.
    pub fn new() -> Self {
        Self {
            proc: Proc::default(),
            pid: None,
            namespace: None,
            route: None,
            rescan_every: None,
        }
    }
}

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions::new()
    }
}

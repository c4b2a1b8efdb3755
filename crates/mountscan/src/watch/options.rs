//! What to watch, how, and what is told.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::procfs::Proc;
use crate::row::mount_info::MountInfo;

/// One thing that happened to a mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A mount is there that was not.
    Attached(MountInfo),
    /// A mount is gone; as it was.
    Detached(MountInfo),
    /// A mount's row is another: moved, remounted, made shared; as it is now.
    Changed(MountInfo),
    /// The kernel's queue ran over (16 384 events). The table has been read again; what changed
    /// follows.
    Overflow,
}

/// What tells of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WatchRoute {
    /// Mount events of fanotify (Linux 6.15, `CAP_SYS_ADMIN` over the mount namespace), which name
    /// the mounts that come, go and move; and beside them `poll`, for what else changes.
    Fanotify,
    /// `poll` on mountinfo, for anyone: it wakes for each change, and everything is read again.
    Poll,
}

/// What to watch, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Which procfs; the one at `/proc`.
    pub proc: Proc,
    /// The process whose namespace to watch (by `poll`); `None`, the calling thread's.
    pub pid: Option<u32>,
    /// The mount namespace to watch, by an open file such as `/proc/PID/ns/mnt`, also one that only
    /// this file keeps. It needs `CAP_SYS_ADMIN` over the namespace, and goes before `pid`.
    pub namespace: Option<Arc<OwnedFd>>,
    /// The route to take; `None`, the better one that works here.
    pub route: Option<WatchRoute>,
    /// Read everything again this often, for changes that nothing tells of; `None`, never.
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

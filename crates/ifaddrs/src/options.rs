//! The settings of a question.

use std::time::Duration;

use crate::socket::{Namespace, Procfs};

/// How a [`Handle`](crate::Handle) or [`Watcher`](crate::Watcher) asks. The defaults suit nearly
/// everyone.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let mut options = ifaddrs::ListOptions::new();
/// options.timeout = Duration::from_secs(1);
/// let mut handle = ifaddrs::Handle::open(&options)?;
/// assert!(handle.addrs("lo")?.found());
/// # Ok::<(), ifaddrs::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListOptions {
    /// The network namespace to look into; the calling thread's by default.
    pub namespace: Namespace,
    /// How long the kernel may take for one answer; 3 seconds by default.
    pub timeout: Duration,
    /// How many times a listing that was disturbed by changes is repeated; 32 by default, at
    /// least 1.
    pub attempts: u32,
    /// Whether an answer that may miss an address is given instead of an error; false by default.
    /// Such an answer says so: [`whole`](crate::LinkAddrs::whole) is false.
    pub accept_torn: bool,
    /// Whether the kernel is asked to filter by link (Linux 4.20); true by default. With false, all
    /// addresses of the host are dumped and those of the link are picked from them, as on older
    /// kernels.
    pub kernel_filter: bool,
    /// Which procfs to read; the one at `/proc` by default. The namespaces of processes are found
    /// in it. If something else is there, or lies over a part of it, the answer is
    /// [`ErrorKind::Untrusted`](crate::ErrorKind::Untrusted).
    pub proc: Procfs,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self {
            namespace: Namespace::Current,
            timeout: Duration::from_secs(3),
            attempts: 32,
            accept_torn: false,
            kernel_filter: true,
            proc: Procfs::default(),
        }
    }
}

impl ListOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The defaults, in another network namespace.
    pub fn in_namespace(namespace: Namespace) -> Self {
        Self {
            namespace,
            ..Self::default()
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout,
            attempts: self.attempts.max(1),
            accept_torn: self.accept_torn,
            may_pause: true,
        }
    }
}

/// The options that a query needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) accept_torn: bool,
    /// Whether it may wait for a quieter moment.
    pub(crate) may_pause: bool,
}

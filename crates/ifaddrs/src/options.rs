//! How to ask.

use std::time::Duration;

use crate::socket::Namespace;

/// How a [`Handle`](crate::Handle) or [`Watcher`](crate::Watcher) asks; the defaults suit nearly everyone.
#[derive(Debug)]
#[non_exhaustive]
pub struct Options {
    /// The network namespace to look into; the calling thread's by default.
    pub namespace: Namespace,
    /// How long the kernel may take for one answer; 3 seconds by default.
    pub timeout: Duration,
    /// How many times a listing that was disturbed by changes is repeated; 32 by default, at least 1.
    pub attempts: u32,
    /// Whether an answer that may miss an address is given, marked by
    /// [`whole`](crate::LinkAddrs::whole) being false, instead of an error; false by default.
    pub accept_torn: bool,
    /// Whether the kernel is asked to filter by link (Linux 4.20); true by default. False does as on older
    /// kernels: all addresses of the host are dumped, and picked from here.
    pub kernel_filter: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: Namespace::Current,
            timeout: Duration::from_secs(3),
            attempts: 32,
            accept_torn: false,
            kernel_filter: true,
        }
    }
}

impl Options {
    /// The defaults, in another network namespace.
    #[must_use]
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
        }
    }
}

/// What of the options a query needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) accept_torn: bool,
}

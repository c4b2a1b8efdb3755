//! Which network namespace to look into.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;

/// Which network namespace to look into.
///
/// Another one than the caller's needs `CAP_SYS_ADMIN` in the caller's user namespace and in the
/// one that owns the network namespace.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Namespace {
    /// The calling thread's.
    #[default]
    Current,
    /// The one that a file stands for, such as `/run/netns/blue`. The path is followed as it is:
    /// what is mounted there now is meant, also below `/proc`.
    Path(PathBuf),
    /// A process's, as procfs names it. It is checked that the file is the kernel's own
    /// ([`ListOptions::proc`](crate::ListOptions::proc)).
    Pid(u32),
    /// The one that an open descriptor stands for.
    Fd(Arc<OwnedFd>),
}

impl Namespace {
    /// The namespace that an open descriptor stands for. The descriptor is duplicated, and stays
    /// yours.
    ///
    /// # Errors
    ///
    /// What `fcntl(F_DUPFD_CLOEXEC)` gives.
    ///
    /// # Examples
    ///
    /// ```
    /// use ifaddrs::{Handle, ListOptions, Namespace};
    ///
    /// let own = std::fs::File::open("/proc/thread-self/ns/net").unwrap();
    /// let options = ListOptions::in_namespace(Namespace::of(&own)?);
    /// assert!(Handle::open(&options)?.addrs("lo")?.found());
    /// # Ok::<(), ifaddrs::Error>(())
    /// ```
    pub fn of(descriptor: impl AsFd) -> Result<Self, Error> {
        let owned = descriptor.as_fd().try_clone_to_owned();
        let owned = owned.map_err(|error| Error::call("fcntl(F_DUPFD_CLOEXEC)", error))?;
        Ok(Self::from(owned))
    }
}

impl From<OwnedFd> for Namespace {
    fn from(descriptor: OwnedFd) -> Self {
        Self::Fd(Arc::new(descriptor))
    }
}

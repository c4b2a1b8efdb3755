//! The blocking API: one question, or a handle for many.

use std::ffi::OsStr;
use std::fmt;

use crate::error::Error;
use crate::facts::{AllAddrs, Link, LinkAddrs};
use crate::listing::Query;
use crate::options::ListOptions;
use crate::socket::{Blocking, block};
use crate::wire::Which;

/// Lists the addresses of the link with this name or alternative name, IPv4 and IPv6.
///
/// A link that does not exist is an answer: [`LinkAddrs::found`] is false. Opens a socket for this
/// one question; use a [`Handle`] for many.
///
/// # Errors
///
/// [`InvalidName`](crate::ErrorKind::InvalidName) for an empty name, one of more than 127 bytes, or
/// one with a NUL byte. [`Torn`](crate::ErrorKind::Torn) when addresses change so fast that no
/// answer could be proved whole. [`TimedOut`](crate::ErrorKind::TimedOut) after three seconds.
/// Others come from the system.
///
/// # Examples
///
/// ```
/// let lo = ifaddrs::addrs("lo")?;
/// assert!(lo.found());
/// for address in &lo.addrs {
///     println!("{address} scope {}", address.scope);
/// }
/// assert!(!ifaddrs::addrs("no-such-link")?.found());
/// # Ok::<(), ifaddrs::Error>(())
/// ```
///
/// # References
///
/// [`rtnetlink(7)`](https://man7.org/linux/man-pages/man7/rtnetlink.7.html): `RTM_GETLINK`,
/// `RTM_GETADDR`.
#[doc(alias = "getifaddrs")]
pub fn addrs(link: impl AsRef<OsStr>) -> Result<LinkAddrs, Error> {
    block(one_shot()?.addrs(Which::Name(link.as_ref())))
}

/// Lists the addresses of the link with this number. No link has the number 0.
///
/// # Errors
///
/// As for [`addrs`].
///
/// # Examples
///
/// ```
/// let lo = ifaddrs::addrs_by_index(1)?;
/// assert_eq!(lo.name, "lo");
/// # Ok::<(), ifaddrs::Error>(())
/// ```
pub fn addrs_by_index(ifindex: u32) -> Result<LinkAddrs, Error> {
    block(one_shot()?.addrs(Which::Index(ifindex)))
}

/// Lists all links, by number, with their addresses. Opens a socket for this one question.
///
/// # Errors
///
/// As for [`addrs`].
///
/// # Examples
///
/// ```
/// for link in ifaddrs::all()? {
///     println!("{:?}: {} addresses", link.name, link.addrs.len());
/// }
/// # Ok::<(), ifaddrs::Error>(())
/// ```
pub fn all() -> Result<Vec<LinkAddrs>, Error> {
    block(one_shot()?.all())
}

/// Lists the addresses of all links in the kernel's own order: those of IPv4 on all links first,
/// then those of IPv6. `getifaddrs(3)` and `ip addr` dumps have the same order.
///
/// # Errors
///
/// As for [`addrs`].
///
/// # Examples
///
/// ```
/// for address in ifaddrs::all_addrs()? {
///     println!("link {}: {address}", address.ifindex);
/// }
/// # Ok::<(), ifaddrs::Error>(())
/// ```
pub fn all_addrs() -> Result<AllAddrs, Error> {
    block(one_shot()?.all_addrs())
}

fn one_shot() -> Result<Query<Blocking>, Error> {
    let options = ListOptions::default();
    let limits = options.limits();
    Ok(Query::new(Blocking::here(&options)?, limits, true))
}

/// A socket that answers many questions, in a network namespace of choice.
///
/// It stays in its namespace, even if another thread uses it. It holds one descriptor for the
/// socket and one for the namespace.
///
/// # Examples
///
/// ```no_run
/// use ifaddrs::{Handle, ListOptions, Namespace};
///
/// let blue = Namespace::Path("/run/netns/blue".into());
/// let mut handle = Handle::open(&ListOptions::in_namespace(blue))?;
/// for address in handle.addrs("eth0")?.addrs {
///     println!("{address}");
/// }
/// # Ok::<(), ifaddrs::Error>(())
/// ```
pub struct Handle {
    query: Query<Blocking>,
}

impl Handle {
    /// Opens the socket. For a namespace other than the calling thread's, a short-lived thread does
    /// so there.
    ///
    /// # Errors
    ///
    /// [`Namespace`](crate::ErrorKind::Namespace) when there is no such namespace or process, or
    /// when the file is not a namespace. [`Denied`](crate::ErrorKind::Denied) when it may not be
    /// entered. Or what `socket(2)` gives.
    pub fn open(options: &ListOptions) -> Result<Self, Error> {
        Ok(Self {
            query: Query::new(Blocking::open(options)?, options.limits(), false),
        })
    }

    /// The addresses of the link with this name or alternative name.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub fn addrs(&mut self, link: impl AsRef<OsStr>) -> Result<LinkAddrs, Error> {
        block(self.query.addrs(Which::Name(link.as_ref())))
    }

    /// The addresses of the link with this number. No link has the number 0.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub fn addrs_by_index(&mut self, ifindex: u32) -> Result<LinkAddrs, Error> {
        block(self.query.addrs(Which::Index(ifindex)))
    }

    /// All links, by number, with their addresses.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub fn all(&mut self) -> Result<Vec<LinkAddrs>, Error> {
        block(self.query.all())
    }

    /// The addresses of all links in the kernel's own order: IPv4 on all links first, then IPv6.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub fn all_addrs(&mut self) -> Result<AllAddrs, Error> {
        block(self.query.all_addrs())
    }

    /// The link with this name or alternative name; `None` if no link has it.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub fn link(&mut self, link: impl AsRef<OsStr>) -> Result<Option<Link>, Error> {
        block(self.query.link(Which::Name(link.as_ref())))
    }

    /// The link with this number; `None` if no link has it.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub fn link_by_index(&mut self, ifindex: u32) -> Result<Option<Link>, Error> {
        block(self.query.link(Which::Index(ifindex)))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

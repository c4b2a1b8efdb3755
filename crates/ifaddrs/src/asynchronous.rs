//! The asynchronous API: the same questions over tokio's socket.

use std::ffi::OsStr;
use std::fmt;
use std::time::{Duration, Instant};

use futures_util::stream::{self, Stream};

use crate::error::Error;
use crate::facts::{AllAddrs, Link, LinkAddrs};
use crate::listing::Query;
use crate::options::ListOptions;
use crate::socket::Tokio;
use crate::watch::{Event, Following};
use crate::wire::Which;

/// The asynchronous twin of [`Handle`](crate::Handle), on a tokio runtime with I/O and time
/// enabled.
///
/// Futures may be dropped at any point; the next question takes a new socket then.
///
/// # Examples
///
/// ```
/// use ifaddrs::{AsyncHandle, ListOptions};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
/// let mut handle = AsyncHandle::open(&ListOptions::new())?;
/// assert!(handle.addrs("lo").await?.found());
/// # Ok::<(), ifaddrs::Error>(())
/// # }).unwrap();
/// ```
pub struct AsyncHandle {
    query: Query<Tokio>,
}

impl AsyncHandle {
    /// Opens the socket. For a namespace other than the calling thread's, a short-lived thread does
    /// so there, and this waits some 50 µs for it.
    ///
    /// # Errors
    ///
    /// As for [`Handle::open`](crate::Handle::open), and outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O.
    pub fn open(options: &ListOptions) -> Result<Self, Error> {
        Ok(Self {
            query: Query::new(Tokio::open(options)?, options.limits(), false),
        })
    }

    /// The addresses of the link with this name or alternative name.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn addrs(&mut self, link: impl AsRef<OsStr>) -> Result<LinkAddrs, Error> {
        self.query.addrs(Which::Name(link.as_ref())).await
    }

    /// The addresses of the link with this number. No link has the number 0.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn addrs_by_index(&mut self, ifindex: u32) -> Result<LinkAddrs, Error> {
        self.query.addrs(Which::Index(ifindex)).await
    }

    /// All links, by number, with their addresses.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn all(&mut self) -> Result<Vec<LinkAddrs>, Error> {
        self.query.all().await
    }

    /// The addresses of all links in the kernel's own order: IPv4 on all links first, then IPv6.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn all_addrs(&mut self) -> Result<AllAddrs, Error> {
        self.query.all_addrs().await
    }

    /// The link with this name or alternative name; `None` if no link has it.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn link(&mut self, link: impl AsRef<OsStr>) -> Result<Option<Link>, Error> {
        self.query.link(Which::Name(link.as_ref())).await
    }

    /// The link with this number; `None` if no link has it.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn link_by_index(&mut self, ifindex: u32) -> Result<Option<Link>, Error> {
        self.query.link(Which::Index(ifindex)).await
    }
}

impl fmt::Debug for AsyncHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHandle").finish_non_exhaustive()
    }
}

/// The asynchronous twin of [`Watcher`](crate::Watcher).
///
/// Its futures may be dropped at any point without losing an event, so they suit `select!` and
/// `tokio::time::timeout`. A snapshot that was being taken is begun again.
///
/// # Examples
///
/// ```
/// use ifaddrs::{AsyncWatcher, Event, ListOptions};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
/// let mut watcher = AsyncWatcher::open(&ListOptions::new())?;
/// assert!(matches!(watcher.next().await?, Event::Snapshot(_)));
/// # Ok::<(), ifaddrs::Error>(())
/// # }).unwrap();
/// ```
pub struct AsyncWatcher {
    following: Following<Tokio>,
}

impl AsyncWatcher {
    /// Opens the socket and joins the groups; nothing is missed from here on.
    ///
    /// # Errors
    ///
    /// As for [`Watcher::open`](crate::Watcher::open), and outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O.
    pub fn open(options: &ListOptions) -> Result<Self, Error> {
        Ok(Self {
            following: Following::new(Tokio::open(options)?, options.limits())?,
        })
    }

    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// Those of a listing while a snapshot is taken, or what `recvmsg(2)` gives. The watcher stays
    /// usable.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.following.next(None).await? {
                return Ok(event);
            }
        }
    }

    /// Waits for the next event for at most this long; `None` when there was none.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub async fn next_within(&mut self, time: Duration) -> Result<Option<Event>, Error> {
        self.following.next(Instant::now().checked_add(time)).await
    }

    /// The events as a stream, which never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use ifaddrs::{AsyncWatcher, Event, ListOptions};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # runtime.block_on(async {
    /// let events = AsyncWatcher::open(&ListOptions::new())?.into_stream();
    /// let mut events = std::pin::pin!(events);
    /// let first = events.next().await.expect("it never ends")?;
    /// assert!(matches!(first, Event::Snapshot(_)));
    /// # Ok::<(), ifaddrs::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, Error>> + Send {
        stream::unfold(self, async |mut watcher| {
            let event = watcher.next().await;
            Some((event, watcher))
        })
    }
}

impl fmt::Debug for AsyncWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncWatcher").finish_non_exhaustive()
    }
}

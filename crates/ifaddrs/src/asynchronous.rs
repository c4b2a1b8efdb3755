//! The asynchronous twin: the same queries over tokio's socket.

use std::ffi::OsStr;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::time::{Duration, Instant};

use rtnetlink::sys::{AsyncSocket, Socket, TokioSocket, protocols::NETLINK_ROUTE};
use tokio::runtime;
use tokio::time::{sleep, timeout_at};

use crate::error::{Error, ErrorKind};
use crate::facts::{Link, LinkAddrs};
use crate::listing::Query;
use crate::options::Options;
use crate::socket::{Bound, Home, Transport, accept, prepare};
use crate::watch::{Event, Following};
use crate::wire::Which;

/// The transport over a socket that tokio's runtime waits for.
struct Tokio {
    bound: Bound<TokioSocket>,
    home: Home,
    filter: bool,
}

impl Tokio {
    fn open(home: &Home, filter: bool) -> Result<Self, Error> {
        let runtime = runtime::Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::Io,
                "open an asynchronous socket: no tokio runtime here",
            )
        })?;
        // The thread that goes to another namespace is none of the runtime's.
        let bound = home.run(|| {
            let _entered = runtime.enter();
            let mut socket = TokioSocket::new(NETLINK_ROUTE)
                .map_err(|error| Error::call("socket(NETLINK_ROUTE)", error))?;
            let (port, filters) = prepare(socket.socket_mut(), filter)?;
            Ok(Bound {
                socket,
                port,
                filters,
            })
        })?;
        Ok(Self {
            bound,
            home: home.clone(),
            filter,
        })
    }

    async fn receive_any(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        loop {
            buffer.clear();
            let received =
                poll_fn(|context| self.bound.socket.poll_recv_from(context, buffer)).await;
            match received {
                // A datagram that was cut short fills the buffer.
                Ok(sender) if accept(buffer, buffer.len(), &sender)? => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Transport for Tokio {
    fn fresh(&self) -> Result<Self, Error> {
        Self::open(&self.home, self.filter)
    }

    fn port(&self) -> u32 {
        self.bound.port
    }

    fn filters(&self) -> bool {
        self.bound.filters
    }

    fn socket(&self) -> &Socket {
        self.bound.socket.socket_ref()
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        poll_fn(|context| self.bound.socket.poll_send(context, request))
            .await
            .map(drop)
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>, deadline: Option<Instant>) -> io::Result<()> {
        match deadline {
            None => self.receive_any(buffer).await,
            Some(deadline) => timeout_at(deadline.into(), self.receive_any(buffer))
                .await
                .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn pause(&mut self, time: Duration) {
        sleep(time).await;
    }
}

/// The asynchronous twin of [`Handle`](crate::Handle), on a tokio runtime with I/O and time enabled.
///
/// Futures may be dropped at any point; the next question takes a new socket then.
///
/// # Examples
///
/// ```
/// use ifaddrs::{AsyncHandle, Options};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
/// let mut handle = AsyncHandle::open(Options::default())?;
/// assert!(handle.addrs("lo").await?.found());
/// # Ok::<(), ifaddrs::Error>(())
/// # }).unwrap();
/// ```
pub struct AsyncHandle {
    query: Query<Tokio>,
}

impl AsyncHandle {
    /// Opens the socket. For a namespace other than the calling thread's a short-lived thread does so there,
    /// for which this waits some 50 µs.
    ///
    /// # Errors
    ///
    /// As for [`Handle::open`](crate::Handle::open), and outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O.
    pub fn open(options: Options) -> Result<Self, Error> {
        let limits = options.limits();
        let filter = options.kernel_filter;
        let transport = Tokio::open(&Home::new(options.namespace)?, filter)?;
        Ok(Self {
            query: Query::new(transport, limits, false),
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

    /// The addresses of the link with this number; 0 is no link's.
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

    /// The link with this name or alternative name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// As for [`addrs`](crate::addrs()).
    pub async fn link(&mut self, link: impl AsRef<OsStr>) -> Result<Option<Link>, Error> {
        self.query.link(Which::Name(link.as_ref())).await
    }

    /// The link with this number; `None` when there is none.
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
/// `tokio::time::timeout`; a snapshot that was being taken is begun again.
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
    pub fn open(options: Options) -> Result<Self, Error> {
        let limits = options.limits();
        let filter = options.kernel_filter;
        let transport = Tokio::open(&Home::new(options.namespace)?, filter)?;
        Ok(Self {
            following: Following::new(transport, limits)?,
        })
    }

    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// As for [`Watcher::next`](crate::Watcher::next).
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
}

impl fmt::Debug for AsyncWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncWatcher").finish_non_exhaustive()
    }
}

//! Following changes: the present state first, then what changes.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::facts::{Address, Link, LinkAddrs};
use crate::listing::{ALL_GROUPS, Query};
use crate::log::debug;
use crate::options::{Limits, Options};
use crate::socket::{Blocking, Home, Transport, block};
use crate::wire::Body;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// All there is now: the first event, and again after events were lost. Replaces all that was seen.
    Snapshot(Vec<LinkAddrs>),
    /// A link was added or changed.
    Link(Link),
    /// A link was removed. Its addresses are removed before, by events of their own.
    LinkGone(Link),
    /// An address was added or changed (its flags or lifetimes, say).
    Address(Address),
    /// An address was removed.
    AddressGone(Address),
}

/// What both watchers share.
pub(crate) struct Following<T> {
    pub(crate) query: Query<T>,
    ready: VecDeque<Event>,
    /// The last that was told of each link: the kernel repeats itself.
    links: HashMap<u32, Link>,
    needs_snapshot: bool,
}

impl<T: Transport> Following<T> {
    /// Joins the groups; nothing is missed from here on.
    pub(crate) fn new(transport: T, limits: Limits) -> Result<Self, Error> {
        let mut query = Query::new(transport, limits, true);
        query.exchange.guard(&ALL_GROUPS, None);
        joined(&query)?;
        Ok(Self {
            query,
            ready: VecDeque::new(),
            links: HashMap::new(),
            needs_snapshot: true,
        })
    }

    /// The next event; `None` at the deadline.
    pub(crate) async fn next(&mut self, deadline: Option<Instant>) -> Result<Option<Event>, Error> {
        loop {
            if self.needs_snapshot {
                return self.snapshot().await.map(Some);
            }
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.query.exchange.events(deadline).await {
                Ok(Some(events)) => events.into_iter().for_each(|event| self.take(event)),
                Ok(None) => {
                    debug!("events were lost, taking a new snapshot");
                    self.needs_snapshot = true;
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Every change before the snapshot is in it, every later one follows as an event.
    async fn snapshot(&mut self) -> Result<Event, Error> {
        let all = self.query.all().await?;
        joined(&self.query)?;
        self.needs_snapshot = self.query.exchange.window.lost;
        self.ready.clear();
        self.links = all
            .iter()
            .filter_map(|one| one.link.clone())
            .map(|link| (link.ifindex, link))
            .collect();
        Ok(Event::Snapshot(all))
    }

    fn take(&mut self, event: Body) {
        let event = match event {
            Body::Address(address) => Event::Address(address),
            Body::AddressGone(address) => Event::AddressGone(address),
            Body::Link(link) => {
                if self.links.insert(link.ifindex, link.clone()).as_ref() == Some(&link) {
                    return;
                }
                Event::Link(link)
            }
            Body::LinkGone(link) => {
                self.links.remove(&link.ifindex);
                Event::LinkGone(link)
            }
            _ => return,
        };
        self.ready.push_back(event);
    }
}

fn joined<T: Transport>(query: &Query<T>) -> Result<(), Error> {
    let words = "join the groups for link and address changes";
    match query.exchange.is_guarded() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Io, words)),
    }
}

/// Follows the links and addresses of a network namespace.
///
/// The first event is a [`Snapshot`](Event::Snapshot) of the present; then one event per change. When
/// changes come faster than they are read and the kernel drops some, the next event is a new snapshot.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use ifaddrs::{Event, Options, Watcher};
///
/// let mut watcher = Watcher::open(Options::default())?;
/// assert!(matches!(watcher.next()?, Event::Snapshot(_)));
/// while let Some(event) = watcher.next_within(Duration::from_millis(10))? {
///     println!("{event:?}");
/// }
/// # Ok::<(), ifaddrs::Error>(())
/// ```
pub struct Watcher {
    following: Following<Blocking>,
}

impl Watcher {
    /// Opens the socket and joins the groups; nothing is missed from here on.
    ///
    /// # Errors
    ///
    /// As for [`Handle::open`](crate::Handle::open), and when the groups cannot be joined.
    pub fn open(options: Options) -> Result<Self, Error> {
        let limits = options.limits();
        let filter = options.kernel_filter;
        let transport = Blocking::open(&Home::new(options.namespace)?, filter)?;
        Ok(Self {
            following: Following::new(transport, limits)?,
        })
    }

    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// Those of a listing while a snapshot is taken, or what `recvmsg(2)` gives. The watcher stays usable.
    #[allow(clippy::should_implement_trait)] // an iterator could not end, and errors do not end it
    pub fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = block(self.following.next(None))? {
                return Ok(event);
            }
        }
    }

    /// Waits for the next event for at most this long; `None` when there was none.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn next_within(&mut self, time: Duration) -> Result<Option<Event>, Error> {
        block(self.following.next(Instant::now().checked_add(time)))
    }
}

/// The descriptor polls readable when an event may be waiting. Before each poll take all that
/// [`next_within`](Watcher::next_within) gives at once: one datagram may hold several events.
impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.following.query.exchange.transport.socket().as_fd()
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

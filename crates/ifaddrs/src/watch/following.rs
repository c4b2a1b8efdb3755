//! What the blocking and the asynchronous watcher share.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::facts::{Address, Link, LinkAddrs};
use crate::listing::{ALL_GROUPS, Query};
use crate::log::debug;
use crate::options::Limits;
use crate::socket::Transport;
use crate::wire::Body;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// All links and addresses of now. It is the first event, and comes again after events were
    /// lost. It replaces all that was told before.
    Snapshot(Vec<LinkAddrs>),
    /// A link was added or changed.
    Link(Link),
    /// A link was removed. Its addresses are removed before, by events of their own.
    LinkGone(Link),
    /// An address was added, or one of its facts changed: its flags or lifetimes, for example.
    Address(Address),
    /// An address was removed.
    AddressGone(Address),
}

/// How long a snapshot that was disturbed waits before it is tried again without blocking.
const RETRY: Duration = Duration::from_millis(10);

/// A query whose groups are joined, and the changes that are not yet reported.
pub(crate) struct Following<T> {
    query: Query<T>,
    ready: VecDeque<Event>,
    /// What was last told of each link: the kernel repeats itself.
    links: HashMap<u32, Link>,
    needs_snapshot: bool,
    /// When a snapshot that was disturbed is to be tried again.
    retry_at: Option<Instant>,
}

impl<T: Transport> Following<T> {
    /// Joins the groups; nothing is missed from here on.
    pub(crate) fn new(transport: T, limits: Limits) -> Result<Self, Error> {
        let mut query = Query::new(transport, limits, true);
        query.exchange.guard(&ALL_GROUPS, None);
        query.exchange.must_be_guarded()?;
        Ok(Self {
            query,
            ready: VecDeque::new(),
            links: HashMap::new(),
            needs_snapshot: true,
            retry_at: None,
        })
    }

    pub(crate) fn transport(&self) -> &T {
        &self.query.exchange.transport
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

    /// The next event if there is one now. It never waits for a quieter moment.
    pub(crate) async fn try_next(&mut self) -> Result<Option<Event>, Error> {
        let now = Instant::now();
        if self.needs_snapshot && self.retry_at.is_some_and(|at| at > now) {
            return Ok(None);
        }
        let patient = self.query.exchange.limits;
        // Two attempts: the first may find that events were lost.
        self.query.exchange.limits = Limits {
            attempts: 2,
            may_pause: false,
            ..patient
        };
        let answer = self.next(Some(now)).await;
        self.query.exchange.limits = patient;
        match answer {
            Err(error) if error.kind() == ErrorKind::Torn => {
                self.retry_at = now.checked_add(RETRY);
                Ok(None)
            }
            answer => answer,
        }
    }

    /// When to ask again although the socket is not readable.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        if !self.needs_snapshot && self.ready.is_empty() {
            return None;
        }
        Some(self.retry_at.unwrap_or_else(Instant::now))
    }

    /// Every change before the snapshot is in it, and every later one follows as an event.
    async fn snapshot(&mut self) -> Result<Event, Error> {
        let all = self.query.all().await?;
        self.query.exchange.must_be_guarded()?;
        self.needs_snapshot = self.query.exchange.window.lost;
        self.retry_at = None;
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

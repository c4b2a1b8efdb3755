//! The blocking watcher, which any event loop can take.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use super::following::{Event, Following};
use crate::error::Error;
use crate::options::ListOptions;
use crate::socket::{Blocking, Transport, block};

/// Follows the links and addresses of a network namespace.
///
/// The first event is a [`Snapshot`](Event::Snapshot) of the present; then comes one event for each
/// change. When changes come faster than they are read and the kernel drops some, the next event is
/// a new snapshot.
///
/// It is an iterator that blocks and never ends. For an event loop it has a descriptor, which is
/// readable when an event may be waiting, and [`try_next`](Self::try_next).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use ifaddrs::{Event, ListOptions, Watcher};
///
/// let mut watcher = Watcher::open(&ListOptions::new())?;
/// let first = watcher.next().expect("it never ends")?;
/// assert!(matches!(first, Event::Snapshot(_)));
/// while let Some(event) = watcher.next_within(Duration::from_millis(10))? {
///     println!("{event:?}");
/// }
/// # Ok::<(), ifaddrs::Error>(())
/// ```
///
/// In an event loop, such as tokio's (the feature `tokio` has a watcher of its own for that):
///
/// ```
/// use ifaddrs::{ListOptions, Watcher};
/// use tokio::io::unix::AsyncFd;
/// use tokio::time::sleep_until;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
/// let mut watcher = AsyncFd::new(Watcher::open(&ListOptions::new())?)?;
/// loop {
///     while let Some(event) = watcher.get_mut().try_next()? {
///         println!("{event:?}");
///         # return Ok::<(), std::io::Error>(());
///     }
///     match watcher.get_ref().next_wake() {
///         Some(time) => sleep_until(time.into()).await,
///         None => watcher.readable().await?.clear_ready(),
///     }
/// }
/// # }).unwrap();
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
    pub fn open(options: &ListOptions) -> Result<Self, Error> {
        Ok(Self {
            following: Following::new(Blocking::open(options)?, options.limits())?,
        })
    }

    /// Waits for the next event for at most this long; `None` when there was none.
    ///
    /// A snapshot is taken to its end, also when that takes longer.
    ///
    /// # Errors
    ///
    /// Those of a listing while a snapshot is taken, or what `recvmsg(2)` gives. The watcher stays
    /// usable.
    pub fn next_within(&mut self, time: Duration) -> Result<Option<Event>, Error> {
        block(self.following.next(Instant::now().checked_add(time)))
    }

    /// The next event if there is one now. It never waits.
    ///
    /// After `None`, wait until the descriptor is readable or [`next_wake`](Self::next_wake) has
    /// come. Take all events before you wait: one datagram may hold several.
    ///
    /// # Errors
    ///
    /// As for [`next_within`](Self::next_within).
    pub fn try_next(&mut self) -> Result<Option<Event>, Error> {
        block(self.following.try_next())
    }

    /// When to call [`try_next`](Self::try_next) again although the descriptor is not readable.
    ///
    /// That is so before the first event, and while a snapshot waits for a quieter moment.
    pub fn next_wake(&self) -> Option<Instant> {
        self.following.next_wake()
    }
}

impl Iterator for Watcher {
    type Item = Result<Event, Error>;

    /// Waits for the next event. It is never `None`, and an error does not end it.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match block(self.following.next(None)) {
                Ok(None) => {}
                Ok(Some(event)) => return Some(Ok(event)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The descriptor polls readable when an event may be waiting.
impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.following.transport().socket().as_fd()
    }
}

impl AsRawFd for Watcher {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

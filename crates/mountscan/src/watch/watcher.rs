//! Follows a mount table. It wakes when the table may have changed, and finds events by comparing.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use crate::ask::by_ids;
use crate::error::Error;
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::log::debug;
use crate::read::mountinfo::{self, Reading};
use crate::table::changes::Changes;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Origin, ReadOptions};
use crate::watch::options::{Event, WatchOptions, WatchRoute};
use crate::watch::place::Place;
use crate::watch::wake::Wake;

/// How often a look tries to show one moment. Once is enough: a mount that went meanwhile need not
/// be told, and the next look finds what came.
const ATTEMPTS: u32 = 1;
/// How long after a mark on mountinfo everything is read again. The change may be one that no event
/// tells.
const SETTLE: Duration = Duration::from_millis(20);
/// After a reading, the next one waits this many times as long as that reading took. So reading
/// costs a small share of a processor, as long as a reading takes less than ten milliseconds.
const SHARE: u32 = 20;
/// The longest such wait. On a busy machine a reading takes long, and changes must not be told late
/// or together for that.
const LONGEST: Duration = Duration::from_millis(200);

/// Follows a mount table. It is an iterator that waits for the next event, and it has the current
/// table.
///
/// Both routes compare tables, but different things wake them. Fanotify tells the ids of mounts
/// that come and go, so only these are asked about. The mark on mountinfo also tells other changes,
/// such as a remount, but not which. Then everything is read again. With fanotify this happens a
/// few hundredths of a second later, so that many changes cost one reading.
///
/// Linux does not tell when a directory above a mount point is renamed. Up to 7.0 it does not tell
/// `mount --make-shared` either. [`WatchOptions::rescan_every`] finds both. A mount that comes and
/// goes before it can be looked at is in no event. Without unique ids (before Linux 6.8) a move is
/// told as one gone and one new mount. A mount that takes the place, id and device of another is
/// then not told at all.
///
/// As a descriptor ([`AsFd`]) it becomes readable when there may be events, and when it is time to
/// read again. Then call [`try_next`](Self::try_next) until it gives `None`.
///
/// # Examples
///
/// ```no_run
/// for event in mountscan::Watcher::open(&Default::default())? {
///     match event? {
///         mountscan::Event::Attached(info) => println!("+ {:?}", info.mount_point),
///         mountscan::Event::Detached(info) => println!("- {:?}", info.mount_point),
///         _ => {}
///     }
/// }
/// # Ok::<(), mountscan::Error>(())
/// ```
#[derive(Debug)]
pub struct Watcher {
    wake: Wake,
    reading: Reading,
    /// What to list to see which mounts exist; `None` if there are no lists.
    scope: Option<Scope>,
    table: MountTable,
    events: VecDeque<Event>,
    rescan_every: Option<Duration>,
    /// When everything was last read, and how long it took.
    scanned: (Instant, Duration),
    /// When to read everything again because of the mark on mountinfo.
    settles: Option<Instant>,
}

impl Watcher {
    /// Starts watching. The first events are changes of the table that [`table`](Self::table) gives
    /// now.
    ///
    /// # Errors
    ///
    /// Those of reading the table. [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) or
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) when [`WatchRoute::Fanotify`] was asked for
    /// and the kernel does not give it.
    ///
    /// # References
    ///
    /// `fanotify(7)`, `proc_pid_mountinfo(5)`.
    #[doc(alias = "fanotify_init")]
    pub fn open(options: &WatchOptions) -> Result<Self, Error> {
        let proc = options.proc.open()?;
        let place = Place::of(options, &proc)?;
        let wake = Wake::open(options, &proc, &place)?;
        let scope = place.scope(&proc)?;
        let mut reading = Reading::of(place.mountinfo(&proc)?, place.shown(&proc));
        // The marks are set before this reading, so that no change falls between the two.
        let started = Instant::now();
        let table = read_table(&mut reading, scope.as_ref())?;
        debug!(
            fanotify = wake.has_events(),
            mounts = table.len(),
            "watching mount table"
        );
        let mut watcher = Self {
            wake,
            reading,
            scope,
            table,
            events: VecDeque::new(),
            rescan_every: options.rescan_every,
            scanned: (started, started.elapsed()),
            settles: None,
        };
        watcher.plan()?;
        Ok(watcher)
    }

    /// The table after all events found so far. Some of them may not have been taken yet.
    pub fn table(&self) -> &MountTable {
        &self.table
    }

    /// What wakes it. With fanotify, the mark on mountinfo wakes it, too.
    pub fn route(&self) -> WatchRoute {
        if self.wake.has_events() {
            WatchRoute::Fanotify
        } else {
            WatchRoute::Poll
        }
    }

    /// The next event, if there is one now.
    ///
    /// # Errors
    ///
    /// As reading the table.
    pub fn try_next(&mut self) -> Result<Option<Event>, Error> {
        if self.events.is_empty() {
            self.look()?;
        }
        Ok(self.events.pop_front())
    }

    /// Waits for the next event, at most for `limit`. `None` when the time is over.
    ///
    /// # Errors
    ///
    /// As reading the table.
    pub fn next_within(&mut self, limit: Duration) -> Result<Option<Event>, Error> {
        self.next_until(Instant::now().checked_add(limit))
    }

    /// Reads everything again, whatever has been told. Differences come as events.
    ///
    /// # Errors
    ///
    /// As reading the table.
    pub fn rescan(&mut self) -> Result<(), Error> {
        let started = Instant::now();
        let new = read_table(&mut self.reading, self.scope.as_ref())?;
        let changes = new.changes_since(&self.table);
        self.table = new;
        self.scanned = (started, started.elapsed());
        // This reading has seen the change of the mark.
        self.settles = None;
        self.report(changes);
        self.plan()
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.try_next()? {
                return Ok(Some(event));
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(None);
            }
            self.wake.wait(deadline)?;
        }
    }

    /// Takes what the kernel tells, and finds the events in it.
    fn look(&mut self) -> Result<(), Error> {
        let woken = self.wake.take()?;
        if woken.events.overflow {
            debug!("the queue of mount events ran over");
            // A comparison finds what was lost, but not in which order it happened.
            self.events.push_back(Event::Overflow);
        }
        if woken.is_due || (woken.is_marked && !self.wake.has_events()) {
            return self.rescan();
        }
        if woken.is_marked && self.settles.is_none() {
            // Mount events set the mark, too. Only a reading tells whether something else changed
            // as well. A long table is read less often, so that we do more than reading.
            self.settles = next_reading(Instant::now(), self.scanned);
            self.plan()?;
        }
        if woken.events.is_empty() {
            return Ok(());
        }
        // A move changes the paths of all mounts below it, and no list shows that.
        let is_told = !woken.events.overflow && !woken.events.moved;
        if is_told && self.follow()? {
            return Ok(());
        }
        self.rescan()
    }

    /// Brings the table up to date by a list of ids. False if that is not possible.
    fn follow(&mut self) -> Result<bool, Error> {
        let asks = KernelQueries::cached() >= KernelQueries::Rows && self.table.has_unique_ids();
        let Some(scope) = self.scope.as_ref().filter(|_| asks) else {
            return Ok(false);
        };
        match by_ids::follow(&mut self.table, scope, ATTEMPTS) {
            // A filter refuses the question. The caller then reads the text.
            Err(error) if queries::is_refused(&error) => Ok(false),
            Err(error) => Err(error),
            Ok(None) => Ok(false),
            Ok(Some(changes)) => {
                self.report(changes);
                Ok(true)
            }
        }
    }

    /// Sets the time of the next reading.
    fn plan(&mut self) -> Result<(), Error> {
        let regular = self.rescan_every;
        let regular = regular.and_then(|every| self.scanned.0.checked_add(every));
        self.wake
            .set_due([regular, self.settles].into_iter().flatten().min())
    }

    fn report(&mut self, changes: Changes) {
        // What went comes first: a new mount may have taken its place or its id.
        let detached = changes.detached.into_iter().map(Event::Detached);
        let changed = changes.changed.into_iter().map(Event::Changed);
        let attached = changes.attached.into_iter().map(Event::Attached);
        self.events.extend(detached.chain(changed).chain(attached));
    }
}

impl Iterator for Watcher {
    type Item = Result<Event, Error>;

    /// Waits for the next event; never ends.
    fn next(&mut self) -> Option<Result<Event, Error>> {
        self.next_until(None).transpose()
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// For callers that poll raw descriptors, such as tokio's `AsyncFd`.
impl AsRawFd for Watcher {
    fn as_raw_fd(&self) -> RawFd {
        self.wake.as_fd().as_raw_fd()
    }
}

/// When to read everything again after a mark. `scanned` is when the last reading began, and how
/// long it took.
fn next_reading(now: Instant, scanned: (Instant, Duration)) -> Option<Instant> {
    let pause = scanned.1.saturating_mul(SHARE).min(LONGEST);
    let rested = scanned.0.checked_add(scanned.1)?.checked_add(pause)?;
    // A reading of long ago holds up nothing.
    now.checked_add(SETTLE).map(|settled| settled.max(rested))
}

fn read_table(reading: &mut Reading, scope: Option<&Scope>) -> Result<MountTable, Error> {
    let mut options = ReadOptions::new();
    match scope {
        Some(scope) => {
            // Single rows can be asked for, so a list that does not fit need not be read again.
            if KernelQueries::cached() >= KernelQueries::Rows {
                options.attempts = ATTEMPTS;
            }
            mountinfo::listed(reading, scope, &options, Origin::Given)
        }
        None => reading.table(&options, Origin::Given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_took_long_holds_up_the_next_one_for_a_moment_only() {
        let (began, ms) = (Instant::now(), Duration::from_millis);
        let next = |took, now| next_reading(began + now, (began, took)).unwrap() - began;
        // One after another: a share of the time.
        assert_eq!(next(ms(5), ms(5)), ms(105));
        assert_eq!(next(ms(90), ms(90)), ms(290));
        assert_eq!(next(ms(900), ms(900)), ms(1100));
        // The last reading was a second ago.
        assert_eq!(next(ms(90), ms(1200)), ms(1220));
    }
}

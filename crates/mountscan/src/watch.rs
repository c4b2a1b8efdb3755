//! Watching a mount table: woken by fanotify or by poll on mountinfo, told apart by a refresh. Acts.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};

use crate::error::{Error, ErrorKind};
use crate::kernel::fanotify::{self, Batch};
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::kernel::sys;
use crate::log::debug;
use crate::read::by_ids;
use crate::read::by_source::{own_namespace_id, thread_file};
use crate::read::mountinfo::{self, Reading};
use crate::row::mount_info::MountInfo;
use crate::table::changes::Changes;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Origin, ReadOptions};

/// Attempts at one moment in each look. A mount that went meanwhile is no loss to a watch, and the next look
/// finds what came: better soon than whole.
const ATTEMPTS: u32 = 1;

/// One thing that happened to a mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A mount is there that was not.
    Attached(MountInfo),
    /// A mount is gone; as it was.
    Detached(MountInfo),
    /// A mount's row is another: moved, remounted, made shared; as it is now.
    Changed(MountInfo),
    /// The kernel's queue ran over (16 384 events). The table has been read again; what changed follows.
    Overflow,
}

/// What tells of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WatchRoute {
    /// Mount events of fanotify (Linux 6.15, `CAP_SYS_ADMIN` over the mount namespace): wakes for mounts that come, go and
    /// move, whose ids it names.
    Fanotify,
    /// `poll` on mountinfo: wakes also for remounts, and for anyone.
    Poll,
}

/// What to watch, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Where procfs is mounted; `/proc`.
    pub proc: PathBuf,
    /// The process whose namespace to watch (by `poll`); `None`, the calling thread's.
    pub pid: Option<u32>,
    /// The route to take; `None`, the better one that works here.
    pub route: Option<WatchRoute>,
    /// Read everything again this often, for changes that nothing tells of; `None`, never.
    pub rescan_every: Option<Duration>,
}

impl WatchOptions {
    /// The calling thread's namespace, by the better route, without rescans.
    pub fn new() -> Self {
        Self {
            proc: "/proc".into(),
            pid: None,
            route: None,
            rescan_every: None,
        }
    }
}

impl Default for WatchOptions {
    fn default() -> Self {
        WatchOptions::new()
    }
}

/// Follows a mount table: an iterator over events that waits for the next one, and the table as it is.
///
/// Both routes give the same events, because both compare tables; they differ in what wakes them. Nothing in
/// Linux tells of a rename of a directory above a mount point, nor (up to 7.0) of `mount --make-shared`;
/// fanotify does not tell of remounts either. [`WatchOptions::rescan_every`] finds them. A mount that comes
/// and goes before it can be looked at is in no event. Without unique ids (before Linux 6.8) a move is told
/// as one gone and one new, and a mount that takes the place, id and device of another not at all.
///
/// As a descriptor ([`AsFd`]) it becomes readable when there may be events: then call
/// [`try_next`](Self::try_next) until it gives `None`, at once, since being polled takes the mark away.
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
    /// Readable when one of the two below is; what callers poll.
    wake: OwnedFd,
    fanotify: Option<File>,
    /// Polled only, since poll is what takes a change off it.
    polled: Option<File>,
    reading: Reading,
    /// What to list for existence; `None` where there are no lists.
    scope: Option<Scope>,
    table: MountTable,
    events: VecDeque<Event>,
    rescan_every: Option<Duration>,
    scanned: Instant,
}

impl Watcher {
    /// Starts watching: events count from the table that [`table`](Self::table) gives now.
    ///
    /// # Errors
    ///
    /// As reading the table; [`ErrorKind::Unsupported`] or [`ErrorKind::Denied`] when
    /// [`WatchRoute::Fanotify`] was asked for and is not to be had.
    ///
    /// # References
    ///
    /// `fanotify(7)`, `proc_pid_mountinfo(5)`.
    #[doc(alias = "fanotify_init")]
    pub fn open(options: &WatchOptions) -> Result<Self, Error> {
        let path = match options.pid {
            None => thread_file(&options.proc),
            Some(pid) => options.proc.join(pid.to_string()).join("mountinfo"),
        };
        let fanotify = open_fanotify(options)?;
        let wake = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|cause| Error::io("epoll_create", cause.into()))?;
        let polled = match &fanotify {
            Some(file) => add(&wake, file, epoll::EventFlags::IN).map(|()| None)?,
            None => {
                let file = File::open(&path).map_err(|cause| Error::at("open", &path, cause))?;
                add(&wake, &file, epoll::EventFlags::PRI)?;
                Some(file)
            }
        };
        let lists = options.pid.is_none() && KernelQueries::cached() >= KernelQueries::Ids;
        let scope = lists.then(|| Scope::namespace(own_namespace_id(&options.proc)));
        let mut reading = Reading::open(&path)?;
        // After the marks are set, so that nothing falls between.
        let table = read_table(&mut reading, scope.as_ref())?;
        debug!(
            fanotify = fanotify.is_some(),
            mounts = table.len(),
            "watching mount table"
        );
        Ok(Watcher {
            wake,
            fanotify,
            polled,
            reading,
            scope,
            table,
            events: VecDeque::new(),
            rescan_every: options.rescan_every,
            scanned: Instant::now(),
        })
    }

    /// The table as it is after all events found so far, some of which may not have been taken yet.
    pub fn table(&self) -> &MountTable {
        &self.table
    }

    /// What wakes it.
    pub fn route(&self) -> WatchRoute {
        if self.fanotify.is_some() {
            WatchRoute::Fanotify
        } else {
            WatchRoute::Poll
        }
    }

    /// The next event if there is one now.
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

    /// Waits for the next event, at most so long; `None` when the time is over.
    ///
    /// # Errors
    ///
    /// As reading the table.
    pub fn next_within(&mut self, limit: Duration) -> Result<Option<Event>, Error> {
        self.next_until(Instant::now().checked_add(limit))
    }

    /// Reads everything again, whatever has been told; what differs comes as events.
    ///
    /// # Errors
    ///
    /// As reading the table.
    pub fn rescan(&mut self) -> Result<(), Error> {
        let new = read_table(&mut self.reading, self.scope.as_ref())?;
        let changes = new.changes_since(&self.table);
        self.table = new;
        self.scanned = Instant::now();
        self.report(changes);
        Ok(())
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let every = self.rescan_every;
            let due = every.and_then(|every| self.scanned.checked_add(every));
            let until = [deadline, due].into_iter().flatten().min();
            if self.wait(until)? {
                self.look()?;
            }
            let now = Instant::now();
            if due.is_some_and(|due| due <= now) {
                self.rescan()?;
            }
            if self.events.is_empty() && deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(None);
            }
        }
    }

    /// Waits until something may have changed (true) or the time has come.
    fn wait(&self, until: Option<Instant>) -> Result<bool, Error> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let limit = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut files = [PollFd::new(&self.wake, PollFlags::IN)];
        match poll(&mut files, limit.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            // The caller's loop sees to the time that is left.
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(cause) => Err(Error::io("poll", cause.into())),
        }
    }

    /// Takes what the kernel tells and finds the events in it.
    fn look(&mut self) -> Result<(), Error> {
        let Some(file) = &mut self.fanotify else {
            self.take_poll_mark();
            return self.rescan();
        };
        let batch = drain(file).map_err(|cause| Error::io("read mount events", cause))?;
        if batch.overflow {
            debug!("queue of mount events ran over");
            self.events.push_back(Event::Overflow);
        }
        if batch.is_empty() {
            return Ok(());
        }
        // A move changes the paths of all that lies below, and no list shows it.
        let asks = KernelQueries::cached() >= KernelQueries::Rows && self.table.has_unique_ids();
        let listed = asks && !batch.overflow && !batch.moved;
        if let Some(scope) = self.scope.clone().filter(|_| listed) {
            match by_ids::follow(&mut self.table, &scope, ATTEMPTS) {
                Err(error) if queries::is_refused(&error) => {}
                Err(error) => return Err(error),
                Ok(Some(changes)) => {
                    self.report(changes);
                    return Ok(());
                }
                Ok(None) => {}
            }
        }
        self.rescan()
    }

    /// A change that comes after this wakes again.
    fn take_poll_mark(&self) {
        if let Some(file) = &self.polled {
            // Only the effect on the mark is wanted; the rescan that follows finds what there is.
            let _ = mountinfo::take_change(file);
        }
    }

    fn report(&mut self, changes: Changes) {
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

/// The descriptor for mount events, or `None` where poll is the way.
fn open_fanotify(options: &WatchOptions) -> Result<Option<File>, Error> {
    if options.route == Some(WatchRoute::Poll) {
        return Ok(None);
    }
    let opened = match options.pid {
        None => marked(&options.proc),
        Some(_) => Err(Error::new(
            ErrorKind::Unsupported,
            "watch a process's namespace by fanotify",
        )),
    };
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if options.route == Some(WatchRoute::Fanotify) => Err(error),
        Err(_error) => {
            debug!(error = %_error, "no mount events, polling mountinfo");
            Ok(None)
        }
    }
}

fn marked(proc: &Path) -> Result<File, Error> {
    let path = proc.join("thread-self/ns/mnt");
    let namespace = File::open(&path).map_err(|cause| Error::at("open", &path, cause))?;
    let events = sys::fanotify_mount_events().map_err(|cause| {
        let unknown = cause.raw_os_error() == Some(libc::EINVAL);
        let error = Error::io("fanotify_init(FAN_REPORT_MNT)", cause);
        if unknown {
            error.with_kind(ErrorKind::Unsupported)
        } else {
            error
        }
    })?;
    sys::fanotify_mark_namespace(events.as_fd(), namespace.as_fd())
        .map_err(|cause| Error::at("fanotify_mark", &path, cause))?;
    Ok(File::from(events))
}

fn add(wake: &OwnedFd, file: &File, events: epoll::EventFlags) -> Result<(), Error> {
    epoll::add(wake, file, epoll::EventData::new_u64(0), events)
        .map_err(|cause| Error::io("epoll_ctl", cause.into()))
}

fn read_table(reading: &mut Reading, scope: Option<&Scope>) -> Result<MountTable, Error> {
    let mut options = ReadOptions::new();
    match scope {
        Some(scope) => {
            if KernelQueries::cached() >= KernelQueries::Rows {
                options.attempts = ATTEMPTS;
            }
            mountinfo::listed(reading, scope, &options, Origin::Given)
        }
        None => reading.table(&options, Origin::Given),
    }
}

/// All that is queued, up to a bound, so that endless changes do not keep the caller waiting.
fn drain(file: &mut File) -> io::Result<Batch> {
    const MOST_READS: usize = 64;
    let mut batch = Batch::default();
    let mut buffer = vec![0; 32 << 10];
    for _ in 0..MOST_READS {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => fanotify::parse(&buffer[..count], &mut batch),
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(batch)
}

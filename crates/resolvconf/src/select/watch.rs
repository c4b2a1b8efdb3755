//! Follows the selected file: a new answer when the choice or the content really changes.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::select::behind::BehindPaths;
use crate::select::choice::Current;
use crate::select::current::current;
use crate::select::ears::Ears;
use crate::select::find::SelectOptions;
use crate::select::links::{Step, trail};
use crate::select::network::NetworkKind;

/// How to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Which files are looked at. Default: the usual ones, for the default bridge.
    pub select: SelectOptions,
    /// How often the files are looked at without an event. This finds changes that the kernel does
    /// not report, such as those on a network file system. Default: 30 s; `None` for never.
    pub recheck: Option<Duration>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            select: SelectOptions::default(),
            recheck: Some(Duration::from_secs(30)),
        }
    }
}

impl WatchOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which files are looked at.
    #[must_use]
    pub fn select(mut self, select: SelectOptions) -> Self {
        self.select = select;
        self
    }

    /// Sets how often the files are looked at without an event.
    #[must_use]
    pub fn recheck(mut self, recheck: Option<Duration>) -> Self {
        self.recheck = recheck;
        self
    }
}

/// A burst of changes is over after this time without a change.
const QUIET: Duration = Duration::from_millis(20);

/// A burst is cut off after this time. An empty or missing file must stay so for as long, because a
/// rewrite in two steps looks like that in between.
const LONGEST: Duration = Duration::from_millis(250);

/// How often the watches are set again at most, while the links change.
const MOST_LAYINGS: usize = 8;

/// Follows the selected file through edits, renames, switched links, mounts, deletion and return,
/// and through a change of the choice itself.
///
/// There are three ways to use it. [`next_within`](Watcher::next_within) blocks for a time, the
/// iterator blocks without end, and [`try_next`](Watcher::try_next) never blocks. In an event loop,
/// wait until the descriptor is readable, then call `try_next` until it gives nothing. The
/// descriptor also becomes readable at the time of [`next_wake`](Watcher::next_wake), so no timer
/// is needed.
///
/// The watcher compares the files with what it saw before. So a lost or a doubled event changes
/// nothing.
///
/// A change of what the stub does for its clients ([`Selection::lost`](crate::Selection::lost)) is
/// a change, too: the settings of systemd-resolved and the state of the links are watched as well.
///
/// # Privileges and kernels
///
/// Read access to the files; one inotify instance. If a limit of inotify is used up, only
/// [`recheck`](WatchOptions::recheck) finds changes, and [`deaf`](Watcher::deaf) says so.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use resolvconf::{WatchOptions, Watcher};
///
/// let dir = tempfile::tempdir()?;
/// let mut options = WatchOptions::new();
/// options.select.configured = Some(dir.path().join("resolv.conf"));
/// let mut watcher = Watcher::open(&options)?;
/// assert!(watcher.current().document.is_missing());
///
/// std::fs::write(dir.path().join("resolv.conf"), "nameserver 192.0.2.1\n")?;
/// let change = watcher.next_within(Duration::from_secs(10))?.expect("the file appeared");
/// assert_eq!(change.document.nameservers().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// [inotify(7)](https://man7.org/linux/man-pages/man7/inotify.7.html)
#[derive(Debug)]
pub struct Watcher {
    ears: Ears,
    options: WatchOptions,
    current: Current,
    burst: Option<Burst>,
    /// When to look without an event; `None` for never.
    recheck_at: Option<Instant>,
    deaf: Option<Error>,
}

/// A change that may still be going on.
#[derive(Debug, Clone)]
struct Burst {
    since: Instant,
    /// When the last event or difference was seen.
    last: Instant,
    /// The last content that was seen.
    seen: Current,
}

impl Watcher {
    /// Looks at the files and begins to follow them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when no descriptor is left. Also when inotify cannot
    /// be used and [`recheck`](WatchOptions::recheck) is off, because then no change would ever be
    /// seen.
    pub fn open(options: &WatchOptions) -> Result<Self, Error> {
        let (ears, deaf) = Ears::open()?;
        let mut watcher = Self {
            ears,
            current: current(&options.select),
            options: options.clone(),
            burst: None,
            recheck_at: None,
            deaf,
        };
        watcher.lay_watches()?;
        match watcher.deaf.take() {
            Some(error) if options.recheck.is_none() => return Err(error),
            deaf => watcher.deaf = deaf,
        }
        // The files may have changed before the watches were set. From now on no change is missed,
        // so we look again.
        watcher.current = current(&options.select);
        watcher.plan_recheck();
        watcher.set_timer()?;
        Ok(watcher)
    }

    /// The selection and content that were last given out.
    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Why changes are not reported at once: a limit of inotify is used up. They are found when the
    /// files are looked at the next time.
    pub fn deaf(&self) -> Option<&Error> {
        self.deaf.as_ref()
    }

    /// Gives a change that has come and is over; `None` if there is no such change yet. Never
    /// blocks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when a system call for events fails.
    pub fn try_next(&mut self) -> Result<Option<Current>, Error> {
        // Events are taken before the look. A change after the look then leaves a new event.
        let heard = self.ears.drain()?;
        let now = Instant::now();
        let due = self.recheck_at.is_some_and(|at| now >= at);
        if heard || due {
            self.lay_watches()?;
        }
        // We look in every case. The kernel reports a change of the mount table only once, and a
        // poll of the descriptor by the caller has taken that report.
        let seen = current(&self.options.select);
        self.plan_recheck();
        let change = self.judge(seen, heard, now)?;
        self.set_timer()?;
        Ok(change)
    }

    /// When to call [`try_next`](Watcher::try_next) again even if the descriptor is not readable.
    /// `None`: only when it is readable.
    pub fn next_wake(&self) -> Option<Instant> {
        let burst = self.burst.as_ref().map(|burst| burst.end(&self.current));
        burst.into_iter().chain(self.recheck_at).min()
    }

    /// Waits for a change; `None` when the time is up. Zero never blocks.
    ///
    /// # Errors
    ///
    /// As for [`try_next`](Watcher::try_next).
    pub fn next_within(&mut self, timeout: Duration) -> Result<Option<Current>, Error> {
        // If the clock cannot show the deadline, there is no deadline.
        self.next_until(Instant::now().checked_add(timeout))
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Current>, Error> {
        loop {
            if let Some(change) = self.try_next()? {
                return Ok(Some(change));
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return Ok(None);
            }
            let wake = deadline.into_iter().chain(self.next_wake()).min();
            self.ears
                .wait(wake.map(|wake| wake.saturating_duration_since(now)))?;
        }
    }

    /// Decides whether this is a change, and whether it is over.
    fn judge(
        &mut self,
        seen: Current,
        heard: bool,
        now: Instant,
    ) -> Result<Option<Current>, Error> {
        if seen == self.current {
            self.burst = None;
            return Ok(None);
        }
        let burst = match self.burst.take() {
            Some(burst) if !heard && burst.seen == seen => burst,
            before => Burst {
                since: before.map_or(now, |burst| burst.since),
                last: now,
                seen,
            },
        };
        if now < burst.end(&self.current) {
            self.burst = Some(burst);
            return Ok(None);
        }
        // A change without an event, such as a mount, may have changed the ways to the files.
        self.lay_watches()?;
        debug!(
            path = %burst.seen.selection.path.display(),
            reason = burst.seen.selection.reason.as_str(),
            "resolv.conf changed"
        );
        self.current = burst.seen;
        Ok(Some(self.current.clone()))
    }

    fn plan_recheck(&mut self) {
        let next = |recheck| Instant::now().checked_add(recheck);
        self.recheck_at = self.options.recheck.and_then(next);
    }

    fn set_timer(&self) -> Result<(), Error> {
        let wake = self.next_wake();
        let left = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
        self.ears.wake_after(left)
    }

    /// Watches each name on the ways to the files, and the files. Does it again while links change.
    fn lay_watches(&mut self) -> Result<(), Error> {
        let mut steps = self.steps();
        for _ in 0..MOST_LAYINGS {
            if let Some(used_up) = self.ears.watch(&steps)? {
                self.deaf = Some(used_up);
            }
            // A link may have moved before its directory was watched. If so, the way is another one
            // now.
            let again = self.steps();
            if again == steps {
                break;
            }
            steps = again;
        }
        Ok(())
    }

    fn steps(&self) -> Vec<Step> {
        let select = &self.options.select;
        match (select.network, &select.configured) {
            (NetworkKind::UserDefined | NetworkKind::Host, _) => trail(&select.etc),
            (_, Some(path)) => trail(path),
            (_, None) => [&select.etc, &select.uplink, &select.network_manager]
                .into_iter()
                .flat_map(|path| trail(path))
                .chain(select.behind.iter().flat_map(steps_behind))
                .collect(),
        }
    }
}

/// The ways to what systemd-resolved reads.
fn steps_behind(paths: &BehindPaths) -> Vec<Step> {
    let mut steps = Vec::new();
    for directory in &paths.settings {
        steps.extend(trail(&directory.join("resolved.conf")));
    }
    for directory in paths.directories() {
        steps.extend(trail(&directory));
        steps.push(Step::all_of(directory));
    }
    steps
}

impl Burst {
    /// When the burst counts as over.
    fn end(&self, before: &Current) -> Instant {
        let half_way = self.seen.document.as_bytes().is_empty();
        let half_way = half_way && !before.document.as_bytes().is_empty();
        // An empty file gets no shorter wait: the second step of a rewrite may come late.
        match half_way {
            true => self.since + LONGEST,
            false => (self.last + QUIET).min(self.since + LONGEST),
        }
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ears.as_fd()
    }
}

impl AsRawFd for Watcher {
    fn as_raw_fd(&self) -> RawFd {
        self.ears.as_fd().as_raw_fd()
    }
}

impl Iterator for Watcher {
    type Item = Result<Current, Error>;

    /// Waits for the next change, without a limit of time.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).transpose()
    }
}

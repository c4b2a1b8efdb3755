//! Follows the selected file: a new answer when the choice or the content really changes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::error::Error;
use crate::select::choice::Current;
use crate::select::current::current;
use crate::select::find::SelectOptions;
use crate::select::links::{Step, trail};

/// How to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Which files are looked at.
    pub select: SelectOptions,
    /// A burst of changes is over when nothing happened for this long.
    pub quiet: Duration,
    /// A burst is cut off after this long. An empty or missing file is waited for as long: it is
    /// what a rewrite in two steps looks like half way.
    pub longest: Duration,
    /// The files are looked at this often even if nothing was heard: a mount over a file, or a
    /// change on a network file system, is not told to anyone. `None` for never.
    pub recheck: Option<Duration>,
}

impl Default for WatchOptions {
    /// The usual paths, 20 ms of quiet, 250 ms at most, a look every 30 s.
    fn default() -> Self {
        Self {
            select: SelectOptions::default(),
            quiet: Duration::from_millis(20),
            longest: Duration::from_millis(250),
            recheck: Some(Duration::from_secs(30)),
        }
    }
}

impl WatchOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Follows the selected file through edits, renames, switched links, deletion and return, and
/// through a change of the choice itself.
///
/// Blocking: [`next_within`](Watcher::next_within), or as an iterator without end. Or poll its
/// descriptor for reading and call `next_within` with a zero timeout. Answers come from comparing what
/// is there with what was there, so a lost or a doubled event changes nothing.
///
/// # Privileges and kernels
///
/// Read access to the files; one inotify instance. Directories that cannot be watched are left to
/// [`recheck`](WatchOptions::recheck).
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
/// let mut watcher = Watcher::new(options)?;
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
    inotify: OwnedFd,
    options: WatchOptions,
    /// Per watch, the names that matter in that directory; none for the file itself.
    watched: HashMap<i32, Vec<OsString>>,
    current: Current,
}

const DIRECTORY_EVENTS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// A file that is bind-mounted changes without an event in the directory where it appears.
const FILE_EVENTS: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

/// How often the watches are made again while the links move under them.
const MOST_LAYINGS: usize = 8;

impl Watcher {
    /// Starts to follow, and looks at the files for the first time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when inotify's limits are used up.
    pub fn new(options: WatchOptions) -> Result<Self, Error> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .map_err(|errno| Error::call("inotify_init1()", errno))?;
        let now = current(&options.select);
        let mut watcher = Self {
            inotify,
            options,
            watched: HashMap::new(),
            current: now,
        };
        watcher.lay_watches()?;
        // Looked at again now that nothing can be missed.
        watcher.current = current(&watcher.options.select);
        Ok(watcher)
    }

    /// The selection and content last given out.
    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Waits for a change; `None` when the time is up. A burst that has begun is seen to its end, so
    /// the answer may come [`longest`](WatchOptions::longest) later than asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when inotify's limits are used up.
    pub fn next_within(&mut self, timeout: Duration) -> Result<Option<Current>, Error> {
        self.next_until(Instant::now().checked_add(timeout))
    }

    /// Without a deadline when it is too far away to be told.
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Current>, Error> {
        loop {
            let recheck = self
                .options
                .recheck
                .and_then(|d| Instant::now().checked_add(d));
            let wake = deadline.into_iter().chain(recheck).min();
            let heard = self.wait(wake)?;
            if heard {
                self.wait_for_quiet()?;
            }
            let time_is_up = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let recheck_is_due = recheck.is_some_and(|recheck| Instant::now() >= recheck);
            if heard || recheck_is_due {
                self.lay_watches()?;
                if let Some(change) = self.compare() {
                    return Ok(Some(change));
                }
            }
            if time_is_up {
                return Ok(None);
            }
        }
    }

    fn compare(&mut self) -> Option<Current> {
        let now = current(&self.options.select);
        if now == self.current {
            return None;
        }
        debug!(path = %now.selection.path.display(), reason = now.selection.reason.as_str(), "resolv.conf changed");
        self.current = now;
        Some(self.current.clone())
    }

    /// Waits for an event that matters; false when the time is up.
    fn wait(&self, wake: Option<Instant>) -> Result<bool, Error> {
        loop {
            if self.drain()? {
                return Ok(true);
            }
            let left = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let mut fds = [PollFd::new(&self.inotify, PollFlags::IN)];
            match poll(&mut fds, left.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::call("poll()", errno)),
            }
        }
    }

    /// Lets a burst end. A file that is gone or empty is given the whole time to come back.
    fn wait_for_quiet(&self) -> Result<(), Error> {
        let end = Instant::now() + self.options.longest;
        loop {
            let quiet = Instant::now() + self.options.quiet;
            if self.wait(Some(quiet.min(end)))? && Instant::now() < end {
                continue;
            }
            let half_way = current(&self.options.select).document.as_bytes().is_empty()
                && !self.current.document.as_bytes().is_empty();
            if !half_way || Instant::now() >= end {
                return Ok(());
            }
        }
    }

    /// Takes all events that are there; true when one of them matters.
    fn drain(&self) -> Result<bool, Error> {
        let mut matters = false;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => matters = true,
                Ok(event) => {
                    let names = self.watched.get(&event.wd());
                    matters |= names.is_some_and(|names| match event.file_name() {
                        Some(name) => names.iter().any(|n| n.as_bytes() == name.to_bytes()),
                        None => true,
                    });
                }
                Err(Errno::AGAIN) => return Ok(matters),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::call("read(inotify)", errno)),
            }
        }
    }

    /// Watches each turning of the ways to the files, and the files. Again while links move.
    fn lay_watches(&mut self) -> Result<(), Error> {
        let mut steps = self.steps();
        for _ in 0..MOST_LAYINGS {
            let mut watched: HashMap<i32, Vec<OsString>> = HashMap::new();
            for Step { directory, name } in &steps {
                if let Some(wd) = self.add(directory, DIRECTORY_EVENTS)? {
                    watched.entry(wd).or_default().push(name.clone());
                }
                let full = directory.join(name);
                let is_file = std::fs::symlink_metadata(&full).is_ok_and(|meta| meta.is_file());
                if let Some(wd) = is_file.then(|| self.add(&full, FILE_EVENTS)).transpose()? {
                    wd.map(|wd| watched.entry(wd).or_default());
                }
            }
            for gone in self.watched.keys().filter(|wd| !watched.contains_key(wd)) {
                // Gone already when what it watched was deleted.
                let _ = inotify::remove_watch(&self.inotify, *gone);
            }
            self.watched = watched;
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
        match &select.configured {
            Some(path) => trail(path),
            None => [&select.etc, &select.uplink, &select.network_manager]
                .into_iter()
                .flat_map(|path| trail(path))
                .collect(),
        }
    }

    /// `None` for what is not there any more, or must not be watched.
    fn add(&self, path: &Path, events: WatchFlags) -> Result<Option<i32>, Error> {
        match inotify::add_watch(&self.inotify, path, events) {
            Ok(wd) => Ok(Some(wd)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP) => Ok(None),
            Err(errno) => Err(Error::io("inotify_add_watch", path, errno)),
        }
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl Iterator for Watcher {
    type Item = Result<Current, Error>;

    /// Waits for the next change, for ever.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).transpose()
    }
}

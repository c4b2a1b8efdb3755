//! The sources that tell a watcher to look again: inotify, the mount table, and a timer. One
//! descriptor stands for all of them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use crate::error::Error;
use crate::select::links::Step;

/// The events in a directory on the way: a name comes, goes, is exchanged, or its file changes.
const DIRECTORY_EVENTS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// The events of the file itself. Its directory does not report a change that is made through
/// another name or through a mount.
const FILE_EVENTS: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

/// The sources of events.
#[derive(Debug)]
pub(crate) struct Ears {
    all: OwnedFd,
    timer: OwnedFd,
    inotify: Option<OwnedFd>,
    /// A mount over a file changes no directory. Only the mount table shows it.
    mounts: Option<File>,
    /// For each watch, the names that matter in that directory; no name for a watch on the file
    /// itself. An empty name stands for all names.
    watched: HashMap<i32, Vec<OsString>>,
}

impl Ears {
    /// Opens the sources. If inotify cannot be opened, the others work, and its error is returned
    /// with them.
    pub(crate) fn open() -> Result<(Self, Option<Error>), Error> {
        let all = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| Error::call("epoll_create1()", errno))?;
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )
        .map_err(|errno| Error::call("timerfd_create()", errno))?;
        // A user's limit of instances may be used up (EMFILE). The timer still finds changes then.
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK);
        let fault = inotify.as_ref().err().copied();
        let fault = fault.map(|errno| Error::call("inotify_init1()", errno));
        let ears = Self {
            // poll(2) gives POLLPRI on this file after a change of the mount table.
            mounts: File::open("/proc/self/mountinfo").ok(),
            inotify: inotify.ok(),
            watched: HashMap::new(),
            all,
            timer,
        };
        for (source, events) in ears.sources() {
            epoll::add(&ears.all, source, EventData::new_u64(0), events)
                .map_err(|errno| Error::call("epoll_ctl()", errno))?;
        }
        Ok((ears, fault))
    }

    fn sources(&self) -> impl Iterator<Item = (BorrowedFd<'_>, EventFlags)> {
        let inotify = self.inotify.as_ref().map(|fd| (fd.as_fd(), EventFlags::IN));
        let mounts = self
            .mounts
            .as_ref()
            .map(|file| (file.as_fd(), EventFlags::PRI));
        let timer = (self.timer.as_fd(), EventFlags::IN);
        [Some(timer), inotify, mounts].into_iter().flatten()
    }

    /// The descriptor that becomes readable when there may be events.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.all.as_fd()
    }

    /// Makes the descriptor readable after this time. `None`: never.
    pub(crate) fn wake_after(&self, time: Option<Duration>) -> Result<(), Error> {
        // timerfd_settime(2) takes a time of zero as "switch the timer off".
        let time = time.map(|time| time.max(Duration::from_nanos(1)));
        let never = Timespec::default();
        let value = match time {
            Some(time) => Timespec::try_from(time).unwrap_or(never),
            None => never,
        };
        let setting = Itimerspec {
            it_interval: never,
            it_value: value,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting)
            .map(drop)
            .map_err(|errno| Error::call("timerfd_settime()", errno))
    }

    /// Waits for an event, at most for this time.
    pub(crate) fn wait(&self, time: Option<Duration>) -> Result<(), Error> {
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        let mut fds: Vec<PollFd<'_>> = self
            .sources()
            .map(|(fd, events)| match events {
                EventFlags::PRI => PollFd::from_borrowed_fd(fd, PollFlags::PRI),
                _ => PollFd::from_borrowed_fd(fd, PollFlags::IN),
            })
            .collect();
        match poll(&mut fds, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(Error::call("poll()", errno)),
        }
    }

    /// Takes all events that have come; true when one of them matters.
    pub(crate) fn drain(&self) -> Result<bool, Error> {
        let Some(inotify) = &self.inotify else {
            return Ok(false);
        };
        let mut matters = false;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(inotify, &mut buffer);
        // Events may come without end. The caller must not wait for that, so the rest is left for
        // the next call.
        for _ in 0..MOST_EVENTS {
            match reader.next() {
                // The kernel has dropped events, so any of them may have mattered.
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => matters = true,
                Ok(event) => {
                    let names = self.watched.get(&event.wd());
                    matters |= names.is_some_and(|names| match event.file_name() {
                        Some(name) => names
                            .iter()
                            .any(|n| n.is_empty() || n.as_bytes() == name.to_bytes()),
                        None => true,
                    });
                }
                Err(Errno::AGAIN) => return Ok(matters),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::call("read(inotify)", errno)),
            }
        }
        Ok(true)
    }

    /// Watches these names and the files behind them, and nothing else. If a limit is used up, its
    /// error is returned. Changes that are not watched then are found only by looking.
    pub(crate) fn watch(&mut self, steps: &[Step]) -> Result<Option<Error>, Error> {
        let Some(inotify) = &self.inotify else {
            return Ok(None);
        };
        let mut watched: HashMap<i32, Vec<OsString>> = HashMap::new();
        let mut used_up = None;
        for Step { directory, name } in steps {
            match add(inotify, directory, DIRECTORY_EVENTS)? {
                Added::Watch(wd) => watched.entry(wd).or_default().push(name.clone()),
                Added::Nothing => {}
                Added::UsedUp(error) => used_up = Some(error),
            }
            let full = directory.join(name);
            if !std::fs::symlink_metadata(&full).is_ok_and(|meta| meta.is_file()) {
                continue;
            }
            match add(inotify, &full, FILE_EVENTS)? {
                Added::Watch(wd) => drop(watched.entry(wd).or_default()),
                Added::Nothing => {}
                Added::UsedUp(error) => used_up = Some(error),
            }
        }
        for gone in self.watched.keys().filter(|wd| !watched.contains_key(wd)) {
            // The kernel has removed the watch already if the watched file was deleted.
            let _ = inotify::remove_watch(inotify, *gone);
        }
        self.watched = watched;
        Ok(used_up)
    }
}

/// The most events that are taken in one call.
const MOST_EVENTS: usize = 65_536;

enum Added {
    Watch(i32),
    /// The path does not exist any more, or we may not watch it.
    Nothing,
    /// A limit of the user is used up.
    UsedUp(Error),
}

fn add(inotify: &OwnedFd, path: &Path, events: WatchFlags) -> Result<Added, Error> {
    match retry_on_intr(|| inotify::add_watch(inotify, path, events)) {
        Ok(wd) => Ok(Added::Watch(wd)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP) => Ok(Added::Nothing),
        Err(errno @ (Errno::NOSPC | Errno::NOMEM)) => {
            Ok(Added::UsedUp(Error::io("inotify_add_watch", path, errno)))
        }
        Err(errno) => Err(Error::io("inotify_add_watch", path, errno)),
    }
}

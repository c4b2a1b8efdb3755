//! Wakes a watcher: by mount events of fanotify, the mark on mountinfo, and a timer.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use crate::error::{Error, ErrorKind};
use crate::kernel::fanotify::{self, Batch};
use crate::kernel::procfs::ProcDir;
use crate::kernel::sys;
use crate::log::debug;
use crate::read::mountinfo::take_change;
use crate::watch::options::{WatchOptions, WatchRoute};
use crate::watch::place::Place;

/// The sources that wake. One epoll descriptor is readable when one of them has something.
#[derive(Debug)]
pub(crate) struct Wake {
    epoll: OwnedFd,
    fanotify: Option<File>,
    /// In the epoll set, to wake. A caller that polls the set clears the mark of this file.
    _wakes: File,
    /// Never in the set. So its mark is still there when we ask, whoever has polled before.
    asked: File,
    timer: OwnedFd,
    due: Option<Instant>,
}

/// What a look at the sources found.
#[derive(Debug, Default)]
pub(crate) struct Woken {
    pub(crate) events: Batch,
    /// The mark on mountinfo is set: something changed, of any kind.
    pub(crate) is_marked: bool,
    /// Whether the time that was set has come.
    pub(crate) is_due: bool,
}

impl Wake {
    pub(crate) fn open(
        options: &WatchOptions,
        proc: &ProcDir,
        place: &Place,
    ) -> Result<Self, Error> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|cause| Error::io("epoll_create", cause.into()))?;
        let fanotify = open_fanotify(options, proc, place)?;
        if let Some(file) = &fanotify {
            add(&epoll, file.as_fd(), epoll::EventFlags::IN)?;
        }
        let wakes = place.mountinfo(proc)?;
        // The mark on mountinfo wakes as an exceptional condition, not as data.
        add(&epoll, wakes.as_fd(), epoll::EventFlags::PRI)?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        // The wall clock may be set back or forth. Monotonic time is not.
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)
            .map_err(|cause| Error::io("timerfd_create", cause.into()))?;
        add(&epoll, timer.as_fd(), epoll::EventFlags::IN)?;
        Ok(Self {
            epoll,
            fanotify,
            _wakes: wakes,
            asked: place.mountinfo(proc)?,
            timer,
            due: None,
        })
    }

    pub(crate) fn has_events(&self) -> bool {
        self.fanotify.is_some()
    }

    /// Takes everything that is there now, without waiting. What comes later wakes again.
    pub(crate) fn take(&mut self) -> Result<Woken, Error> {
        let mut woken = Woken::default();
        if let Some(file) = &mut self.fanotify {
            woken.events = drain(file).map_err(|cause| Error::io("read mount events", cause))?;
        }
        woken.is_marked = take_change(&self.asked).map_err(|cause| Error::io("poll", cause))?;
        // The clock and not the timer is asked. The timer stays readable until it is set again.
        woken.is_due = self.due.is_some_and(|due| due <= Instant::now());
        Ok(woken)
    }

    /// Sets the time at which to wake even if nothing else does; `None` for never.
    pub(crate) fn set_due(&mut self, due: Option<Instant>) -> Result<(), Error> {
        if self.due == due {
            return Ok(());
        }
        self.due = due;
        // A time of zero would switch the timer off. One nanosecond is the least that wakes.
        let left = due.map_or(Duration::ZERO, |due| {
            let left = due.saturating_duration_since(Instant::now());
            left.max(Duration::from_nanos(1))
        });
        let time = Itimerspec {
            it_interval: timespec(Duration::ZERO),
            it_value: timespec(left),
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &time)
            .map(drop)
            .map_err(|cause| Error::io("timerfd_settime", cause.into()))
    }

    /// Waits until something may have changed, or until the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<(), Error> {
        let limit = deadline.map(|at| timespec(at.saturating_duration_since(Instant::now())));
        let mut files = [PollFd::new(&self.epoll, PollFlags::IN)];
        match poll(&mut files, limit.as_ref()) {
            // The caller's loop computes the time that is left.
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(cause) => Err(Error::io("poll", cause.into())),
        }
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

/// The descriptor for mount events. `None` if `poll` is the only way.
fn open_fanotify(
    options: &WatchOptions,
    proc: &ProcDir,
    place: &Place,
) -> Result<Option<File>, Error> {
    if options.route == Some(WatchRoute::Poll) {
        return Ok(None);
    }
    match place.namespace(proc).and_then(marked) {
        Ok(file) => Ok(Some(file)),
        Err(error) if options.route == Some(WatchRoute::Fanotify) => Err(error),
        Err(_error) => {
            debug!(error = %_error, "no mount events, polling mountinfo");
            Ok(None)
        }
    }
}

fn marked(namespace: OwnedFd) -> Result<File, Error> {
    let events = sys::fanotify_mount_events().map_err(|cause| {
        // The kernel answers EINVAL to flags that it does not know.
        let is_unknown = cause.raw_os_error() == Some(libc::EINVAL);
        let error = Error::io("fanotify_init(FAN_REPORT_MNT)", cause);
        if is_unknown {
            error.with_kind(ErrorKind::Unsupported)
        } else {
            error
        }
    })?;
    sys::fanotify_mark_namespace(events.as_fd(), namespace.as_fd())
        .map_err(|cause| Error::io("fanotify_mark(FAN_MARK_MNTNS)", cause))?;
    Ok(File::from(events))
}

fn add(epoll: &OwnedFd, file: BorrowedFd<'_>, events: epoll::EventFlags) -> Result<(), Error> {
    epoll::add(epoll, file, epoll::EventData::new_u64(0), events)
        .map_err(|cause| Error::io("epoll_ctl", cause.into()))
}

/// Reads everything that is queued, up to a bound. So endless changes do not keep the caller
/// waiting.
fn drain(file: &mut File) -> io::Result<Batch> {
    const MOST_READS: usize = 64;
    let mut batch = Batch::default();
    let mut buffer = vec![0; 32 << 10];
    for _ in 0..MOST_READS {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => fanotify::parse(&buffer[..count], &mut batch),
            // The descriptor does not block, so an empty queue is the usual end.
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(batch)
}

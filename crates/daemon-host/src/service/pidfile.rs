//! The file that says which process the daemon is.

use std::error::Error as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use mountscan::{Proc, ProcRoot};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tracing::warn;

use super::publish::{Directory, Identity, Published, Target, place};
use crate::bounded::check_regular;
use crate::error::{Error, ErrorKind};

/// No process id needs more bytes.
const LONGEST: u64 = 32;

/// How often a locked pidfile is looked at again. A child that was just forked may still have
/// the file open for a moment after its owner died.
const LOOKS: u32 = 40;

const PAUSE: Duration = Duration::from_millis(5);

/// The clocks of files and processes differ by less than this.
const SLACK: Duration = Duration::from_secs(2);

/// A published file with our process id. It is locked while we live. Dropping this value
/// removes the file if it is still ours and still names this process.
#[derive(Debug)]
pub struct Pidfile(Option<Published>);

impl Pidfile {
    /// Writes the process id to `path`.
    ///
    /// A pidfile that a dead daemon left is replaced. Everything else there is left: a file
    /// whose process lives, and a file that holds no process id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyRunning`] when the process that the file names is alive, or when it
    /// cannot be told;
    /// [`ErrorKind::InvalidInput`] when what is there is not a pidfile;
    /// [`ErrorKind::Denied`] and [`ErrorKind::Io`] when it cannot be written.
    pub fn write(path: &Path) -> Result<Self, Error> {
        let text = content();
        let directory = Directory::of(path)?;
        let published = place(directory, text.as_bytes(), 0o644, take_over)?;
        Ok(Self(Some(published)))
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        let Some(published) = self.0.take() else {
            return;
        };
        let path = published.path().to_owned();
        // Most daemons write their process id into the file that they find.
        let removed = match published.holds(content().as_bytes()) {
            true => published.remove(),
            false => Ok(false),
        };
        match removed {
            Ok(true) => {}
            Ok(false) => warn!(path = %path.display(), "pidfile is another's now; not removed"),
            Err(error) => warn!(path = %path.display(), %error, "pidfile not removed"),
        }
    }
}

/// What a pidfile of this process holds.
fn content() -> String {
    format!("{}\n", std::process::id())
}

/// The old pidfile, locked, if its owner is dead.
fn take_over(directory: &Directory) -> Result<File, Error> {
    let path = directory.path();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(directory, directory.name(), flags, Mode::empty())
        .map_err(|errno| directory.failed("open", errno))?;
    check_regular(&file, path)?;
    let mut file = File::from(file);
    let locked = lock(&file).map_err(|errno| directory.failed("flock", errno))?;
    let identity =
        Identity::of_file(&file).map_err(|error| Error::io(format!("fstat({path:?})"), error))?;
    // Looked at again under the lock: another daemon may have put its own file there between
    // open and flock.
    if !locked || directory.target()? != Target::File(identity) {
        let what = format!("{path:?} belongs to a daemon that runs");
        return Err(Error::new(ErrorKind::AlreadyRunning, what));
    }
    let mut text = String::new();
    let read = file.by_ref().take(LONGEST).read_to_string(&mut text);
    let pid = read.ok().and_then(|_| parse(&text));
    let Some(pid) = pid else {
        let what = format!("{path:?} holds no process id; it is not replaced");
        return Err(Error::new(ErrorKind::InvalidInput, what));
    };
    let written = file.metadata().and_then(|metadata| metadata.modified());
    // A daemon that does not lock its pidfile is known by its process alone.
    match living(pid, written.unwrap_or(SystemTime::UNIX_EPOCH)) {
        Ok(None) => Ok(file),
        Err(why) => {
            let what = format!("{path:?} names process {pid}, which may run: {why}");
            Err(Error::new(ErrorKind::AlreadyRunning, what))
        }
        Ok(Some(comm)) => {
            let what = format!("{path:?} names process {pid} ({comm}), which runs");
            Err(Error::new(ErrorKind::AlreadyRunning, what))
        }
    }
}

/// Takes the lock. The answer is false if it does not become free in a moment.
fn lock(file: &File) -> Result<bool, Errno> {
    for _ in 0..LOOKS {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => thread::sleep(PAUSE),
            Err(errno) => return Err(errno),
        }
    }
    Ok(false)
}

/// The process id in a pidfile; 0 in an empty file, which names nobody.
fn parse(text: &str) -> Option<u32> {
    match text.trim() {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

/// The name of the process if it lives and may have written the file. It is not this process,
/// and it did not start after the file was written. A process that started later only has the
/// same number.
///
/// The error is in words. A process that cannot be looked at may live.
fn living(pid: u32, written: SystemTime) -> Result<Option<String>, String> {
    // After a restart in a container the daemon often gets the same number again.
    if pid == std::process::id() {
        return Ok(None);
    }
    let words = |error: mountscan::Error| match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let proc = ProcRoot::open(&Proc::default()).map_err(words)?;
    if proc.own_pid().map_err(words)? != std::process::id() {
        return Err("/proc is of another pid namespace".to_owned());
    }
    let comm = match proc.read(format!("{pid}/comm")) {
        Ok(comm) => comm,
        Err(error) if error.kind() == mountscan::ErrorKind::NotFound => return hidden(pid),
        Err(error) => return Err(words(error)),
    };
    let started = started(&proc, pid);
    let is_younger = started.is_some_and(|started| started > written + SLACK);
    let comm = String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    Ok((!is_younger).then_some(comm))
}

/// Decides about a process that procfs does not show. With the mount option `hidepid` it hides
/// those of others, so the kernel is asked by `kill(2)` without a signal.
fn hidden(pid: u32) -> Result<Option<String>, String> {
    let Some(asked) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    match test_kill_process(asked) {
        Err(Errno::SRCH) => Ok(None),
        _ => Err(format!("process {pid} exists, and /proc does not show it")),
    }
}

/// When a process started, by the clock of the file system.
fn started(proc: &ProcRoot, pid: u32) -> Option<SystemTime> {
    let text = |name: &str| String::from_utf8(proc.read(name).ok()?).ok();
    let stat = text(&format!("{pid}/stat"))?;
    // The name may hold anything, so fields are counted from its closing parenthesis.
    // The start is field 22 (proc_pid_stat(5)), in clock ticks since the boot.
    let ticks: u64 = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)?
        .parse()
        .ok()?;
    let since_boot = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second());
    let uptime = text("uptime")?;
    let up = Duration::try_from_secs_f64(uptime.split_whitespace().next()?.parse().ok()?).ok()?;
    SystemTime::now().checked_sub(up.checked_sub(since_boot)?)
}

#[cfg(test)]
mod tests;

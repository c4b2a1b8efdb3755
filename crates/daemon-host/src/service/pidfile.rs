//! The file that says which process the daemon is.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{fs, thread};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;
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
/// removes the file if it is still ours.
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
    /// [`ErrorKind::AlreadyRunning`] when the process that the file names is alive;
    /// [`ErrorKind::InvalidInput`] when what is there is not a pidfile;
    /// [`ErrorKind::Denied`] and [`ErrorKind::Io`] when it cannot be written.
    pub fn write(path: &Path) -> Result<Self, Error> {
        let text = format!("{}\n", std::process::id());
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
        match published.remove() {
            Ok(true) => {}
            Ok(false) => warn!(path = %path.display(), "pidfile is another's now; not removed"),
            Err(error) => warn!(path = %path.display(), %error, "pidfile not removed"),
        }
    }
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
        None => Ok(file),
        Some(comm) => {
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
fn living(pid: u32, written: SystemTime) -> Option<String> {
    // After a restart in a container the daemon often gets the same number again.
    if pid == std::process::id() {
        return None;
    }
    let comm = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    let started = started(pid);
    let is_younger = started.is_some_and(|started| started > written + SLACK);
    (!is_younger).then(|| comm.trim_end().to_owned())
}

/// When a process started, by the clock of the file system.
fn started(pid: u32) -> Option<SystemTime> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
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
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let up = Duration::try_from_secs_f64(uptime.split_whitespace().next()?.parse().ok()?).ok()?;
    SystemTime::now().checked_sub(up.checked_sub(since_boot)?)
}

#[cfg(test)]
mod tests;

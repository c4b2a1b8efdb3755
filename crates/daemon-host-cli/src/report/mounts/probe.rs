//! Finds out whether mounts answer. Children ask, because a child can be left behind.
//!
//! A look at a dead server may never end. On some file systems a process that waits for one cannot
//! even be killed. So children look. A mount that does not answer in time is called hung.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use daemon_host::mountscan::{MountTable, Row};
use nix::errno::Errno;

use super::prober::PROBER;
use crate::mounts::is_network;

/// How long a mount may take to answer.
pub(super) const LIMIT: Duration = Duration::from_secs(3);
/// How long all mounts together may take.
const WHOLE: Duration = Duration::from_secs(30);
/// How many children look at the same time.
const CHILDREN: usize = 4;

/// Which mounts to probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::report) enum Which {
    /// All except those over a network; FUSE is probed.
    Local,
    /// All.
    All,
}

/// A mount that was probed.
pub(in crate::report) struct Probed {
    pub(in crate::report) mount_point: PathBuf,
    pub(in crate::report) fs_type: String,
    pub(in crate::report) state: State,
}

/// How it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) enum State {
    Answers,
    /// The system says that the server of the mount is gone.
    Dead(String),
    /// No answer in time.
    Hung,
    /// It is not known: access was refused, or it went away.
    Unknown(String),
    /// Not asked, and why.
    Skipped(&'static str),
}

impl State {
    pub(in crate::report) fn as_str(&self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Dead(_) => "dead",
            Self::Hung => "hung",
            Self::Unknown(_) => "unknown",
            Self::Skipped(_) => "skipped",
        }
    }

    pub(in crate::report) fn is_faulty(&self) -> bool {
        matches!(self, Self::Dead(_) | Self::Hung)
    }
}

/// Probes the mounts of a table, each within [`LIMIT`].
pub(super) fn probe(table: &MountTable, which: Which) -> Vec<Probed> {
    // Many dead mounts may each take the whole limit. The report must still end.
    let deadline = Instant::now() + WHOLE;
    let mounts: Vec<Probed> = table.rows().map(|row| planned(table, row, which)).collect();
    let (skipped, open): (Vec<Probed>, Vec<Probed>) =
        mounts.into_iter().partition(|m| m.state != State::Answers);
    let queue = Mutex::new(VecDeque::from(open));
    let next = || {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    };
    let work = || {
        let mut asker: Option<Asker> = None;
        let mut done = Vec::new();
        while let Some(mut mount) = next() {
            mount.state = match Instant::now() < deadline {
                true => ask(&mut asker, &mount.mount_point),
                false => State::Skipped("the time for all probes was over"),
            };
            done.push(mount);
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..CHILDREN).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().filter_map(|worker| worker.join().ok());
        joined.flatten().collect::<Vec<Probed>>()
    });
    done.extend(skipped);
    done.sort_by(|one, other| one.mount_point.cmp(&other.mount_point));
    done
}

/// A mount that will be asked, in the state [`State::Answers`], or a mount that will not be asked.
fn planned(table: &MountTable, row: Row<'_>, which: Which) -> Probed {
    let fs_type = row.fs_type();
    let state = if table.is_hidden(row) {
        State::Skipped("another mount covers it")
    } else if row.has_fs_type("autofs") {
        State::Skipped("a look would mount it")
    } else if which == Which::Local && is_network(&fs_type) {
        State::Skipped("over a network; see --probe-mounts=all")
    } else {
        State::Answers
    };
    Probed {
        mount_point: row.mount_point().into_owned(),
        fs_type: fs_type.to_string_lossy().into_owned(),
        state,
    }
}

/// A child that looks, with its answers.
struct Asker {
    child: Child,
    paths: ChildStdin,
    answers: Receiver<String>,
}

impl Asker {
    fn start() -> io::Result<Self> {
        // Not by the path of the program: an update may have put another one there.
        let mut command = Command::new("/proc/self/exe");
        command.arg(PROBER).stderr(Stdio::null());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (paths, output) = child.stdin.take().zip(child.stdout.take()).expect("piped");
        let (send, answers) = channel();
        // A read of the child's output has no limit of time. A channel has one.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            paths,
            answers,
        })
    }

    /// The error number of the look, 0 for none; `None` if there was no answer.
    fn ask(&mut self, path: &Path) -> io::Result<Option<i32>> {
        self.paths.write_all(path.as_os_str().as_bytes())?;
        // A path may hold a newline. Only NUL is in no path.
        self.paths.write_all(&[0])?;
        let answer = self.answers.recv_timeout(LIMIT).ok();
        Ok(answer.and_then(|line| line.parse().ok()))
    }
}

impl Drop for Asker {
    /// A child that hangs may survive even a kill, so nobody waits for it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.try_wait();
    }
}

fn ask(asker: &mut Option<Asker>, path: &Path) -> State {
    if asker.is_none() {
        match Asker::start() {
            Ok(started) => *asker = Some(started),
            Err(error) => return State::Unknown(format!("no child could be started: {error}")),
        }
    }
    let answer = asker.as_mut().map(|asker| asker.ask(path));
    match answer {
        Some(Ok(Some(number))) => judge(number),
        // This child waits for a dead server. The next mount needs a new one.
        Some(Ok(None)) => {
            *asker = None;
            State::Hung
        }
        Some(Err(error)) => {
            *asker = None;
            State::Unknown(error.to_string())
        }
        None => State::Unknown("no child".into()),
    }
}

/// What an error number says about a mount.
fn judge(number: i32) -> State {
    if number == 0 {
        return State::Answers;
    }
    let errno = Errno::from_raw(number);
    let words = format!("{errno:?}: {}", errno.desc());
    // A refusal such as EACCES comes from a server that lives. These do not: FUSE gives ENOTCONN
    // when its server has ended, and NFS gives ESTALE when it no longer knows the directory.
    match errno {
        Errno::ENOTCONN
        | Errno::ESTALE
        | Errno::EIO
        | Errno::ETIMEDOUT
        | Errno::EHOSTDOWN
        | Errno::ENOLINK
        | Errno::ENODEV
        | Errno::ENXIO
        | Errno::ESHUTDOWN
        | Errno::EREMOTEIO => State::Dead(words),
        _ => State::Unknown(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_gone_is_dead_and_a_refusal_is_not() {
        assert_eq!(judge(0), State::Answers);
        for errno in [Errno::ENOTCONN, Errno::ESTALE, Errno::EIO] {
            assert_eq!(judge(errno as i32).as_str(), "dead", "{errno}");
        }
        for errno in [Errno::EACCES, Errno::ENOENT, Errno::EPERM] {
            assert_eq!(judge(errno as i32).as_str(), "unknown", "{errno}");
        }
    }
}

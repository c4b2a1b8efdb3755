//! Reload as a two-phase transaction over participants.
//!
//! First every participant prepares: all that can fail happens there, on copies.
//! When one refuses or does not answer in time, what the others prepared is rolled
//! back in reverse order and nothing has changed. When all are ready they commit,
//! in order.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tracing::{debug, error, warn};

use crate::config::HostConfig;
use crate::error::{Error, ErrorKind};

/// What a participant may answer with when it refuses.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A part of the daemon that takes part in the start and in reloads.
///
/// At the start it prepares and commits the first configuration; `old` is then the default
/// one.
///
/// Register it with [`HostBuilder::participant`](crate::HostBuilder::participant).
pub trait Participant: Send + Sync {
    /// A short name for reports and logs.
    fn name(&self) -> &str;

    /// Does all the fallible work of the change from `old` to `new`, on copies.
    ///
    /// It runs on a thread of its own and may be given up after the reload's time
    /// limit; what it then still returns is rolled back. A panic is a refusal.
    ///
    /// # Errors
    ///
    /// Any error refuses the reload.
    fn prepare(&self, old: &HostConfig, new: &HostConfig) -> Result<Box<dyn Prepared>, BoxError>;

    /// Told when [`prepare`](Self::prepare) was given up, so that it can stop what it still
    /// does. Called on the thread of the reload while `prepare` runs on its own; return
    /// at once. By default nothing happens.
    fn cancel(&self) {}
}

/// What a participant prepared: to be committed or rolled back, once.
pub trait Prepared: Send {
    /// Makes the change visible. It must not fail: what can fail belongs in
    /// [`Participant::prepare`]. A panic is caught and named in the report, for the new
    /// configuration is in force by then, and the others still commit. It must not
    /// reload or shut down the host, which waits for it.
    fn commit(self: Box<Self>);

    /// Undoes what preparing did. A panic is caught and logged; the others still roll back.
    fn rollback(self: Box<Self>);
}

/// A prepared change that needs nothing done: for participants that only check.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingToDo;

impl Prepared for NothingToDo {
    fn commit(self: Box<Self>) {}
    fn rollback(self: Box<Self>) {}
}

/// Everything that was prepared, in order, with its participant.
pub(crate) struct ReadySet {
    ready: Vec<(Arc<dyn Participant>, Box<dyn Prepared>)>,
}

impl fmt::Debug for ReadySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.ready.iter().map(|(who, _)| who.name()))
            .finish()
    }
}

/// The names of those that took part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) all: Vec<String>,
    /// Those whose commit panicked.
    pub(crate) panicked: Vec<String>,
}

impl ReadySet {
    /// Commits in order, every one, whatever the others do.
    pub(crate) fn commit(self) -> Committed {
        let (mut all, mut panicked) = (Vec::new(), Vec::new());
        for (who, prepared) in self.ready {
            debug!(participant = who.name(), "committing");
            if caught(|| prepared.commit()) {
                error!(participant = who.name(), "panicked while committing");
                panicked.push(who.name().to_owned());
            }
            all.push(who.name().to_owned());
        }
        Committed { all, panicked }
    }

    /// Rolls back in reverse order, every one, whatever the others do.
    pub(crate) fn rollback(self) {
        for (who, prepared) in self.ready.into_iter().rev() {
            debug!(participant = who.name(), "rolling back");
            if caught(|| prepared.rollback()) {
                error!(participant = who.name(), "panicked while rolling back");
            }
        }
    }
}

/// Whether it panicked. The value it worked on is gone then, so nobody sees it half done.
fn caught(work: impl FnOnce()) -> bool {
    panic::catch_unwind(AssertUnwindSafe(work)).is_err()
}

/// Prepares every participant in order, each within `limit`.
///
/// On failure everything prepared so far is rolled back before this returns.
pub(crate) fn prepare_all(
    participants: &[Arc<dyn Participant>],
    old: &Arc<HostConfig>,
    new: &Arc<HostConfig>,
    limit: Duration,
) -> Result<ReadySet, Error> {
    let mut set = ReadySet {
        ready: Vec::with_capacity(participants.len()),
    };
    for who in participants {
        match prepare_one(who, old, new, limit) {
            Ok(prepared) => set.ready.push((Arc::clone(who), prepared)),
            Err(error) => {
                set.rollback();
                return Err(error);
            }
        }
    }
    Ok(set)
}

fn prepare_one(
    who: &Arc<dyn Participant>,
    old: &Arc<HostConfig>,
    new: &Arc<HostConfig>,
    limit: Duration,
) -> Result<Box<dyn Prepared>, Error> {
    let (sender, receiver) = mpsc::sync_channel(0);
    let (worker, old, new) = (Arc::clone(who), Arc::clone(old), Arc::clone(new));
    let spawned = thread::Builder::new()
        .name(format!("reload-{}", who.name()))
        .spawn(move || {
            let answer = worker.prepare(&old, &new);
            // A rendezvous: a failed send means nobody waits any more, so that a late
            // answer is undone here and can never be lost.
            if let Err(mpsc::SendError(Ok(late))) = sender.send(answer) {
                warn!(
                    participant = worker.name(),
                    "answered after its time; rolling back"
                );
                late.rollback();
            }
        });
    spawned
        .map_err(|error| Error::io(format!("reload: start thread for {}", who.name()), error))?;

    match receiver.recv_timeout(limit) {
        Ok(Ok(prepared)) => Ok(prepared),
        Ok(Err(error)) => {
            let what = format!("reload: {} refused", who.name());
            Err(Error::caused(ErrorKind::ReloadRefused, what, error))
        }
        Err(RecvTimeoutError::Timeout) => {
            if caught(|| who.cancel()) {
                error!(participant = who.name(), "panicked while being cancelled");
            }
            let what = format!("reload: {} did not answer within {limit:?}", who.name());
            Err(Error::new(ErrorKind::TimedOut, what))
        }
        Err(RecvTimeoutError::Disconnected) => {
            let what = format!("reload: {} panicked", who.name());
            Err(Error::new(ErrorKind::ReloadRefused, what))
        }
    }
}

#[cfg(test)]
mod tests;

//! Reload as a two-phase transaction over participants.
//!
//! First every participant prepares, on copies. Everything that can fail happens there. If one
//! refuses or does not answer in time, the others roll back in reverse order, and nothing has
//! changed. If all are ready, they commit in order.

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

/// The error with which a participant refuses.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A part of the daemon that takes part in the start and in reloads.
///
/// At the start it prepares and commits the first configuration. Then `old` is the default
/// configuration.
///
/// Register it with [`HostBuilder::participant`](crate::HostBuilder::participant).
pub trait Participant: Send + Sync {
    /// A short name for reports and logs.
    fn name(&self) -> &str;

    /// Does all the fallible work of the change from `old` to `new`, on copies.
    ///
    /// It runs on a separate thread. After the reload's time limit it is given up, and a late
    /// result is rolled back. A panic counts as a refusal.
    ///
    /// # Errors
    ///
    /// Any error refuses the reload.
    fn prepare(&self, old: &HostConfig, new: &HostConfig) -> Result<Box<dyn Prepared>, BoxError>;

    /// Called when [`prepare`](Self::prepare) was given up, so that it can stop its work. It is
    /// called on the thread of the reload, while `prepare` still runs on its own thread. Return
    /// at once. By default nothing happens.
    fn cancel(&self) {}
}

/// What a participant prepared: to be committed or rolled back, once.
pub trait Prepared: Send {
    /// Makes the change visible. It must not fail: what can fail belongs in
    /// [`Participant::prepare`]. A panic is caught and named in the report: the new
    /// configuration is in force by then, and the others still commit. Do not reload or shut
    /// down the host here, because the host waits for this call.
    fn commit(self: Box<Self>);

    /// Undoes what preparing did. A panic is caught and logged; the others still roll back.
    fn rollback(self: Box<Self>);
}

/// A prepared change with nothing to do, for participants that only check.
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
    /// Commits every participant in order, even if another one panics.
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

    /// Rolls back every participant in reverse order, even if another one panics.
    pub(crate) fn rollback(self) {
        for (who, prepared) in self.ready.into_iter().rev() {
            debug!(participant = who.name(), "rolling back");
            if caught(|| prepared.rollback()) {
                error!(participant = who.name(), "panicked while rolling back");
            }
        }
    }
}

/// Runs the work and says whether it panicked. A panic drops the value that it worked on, so
/// nobody sees a half-done one.
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

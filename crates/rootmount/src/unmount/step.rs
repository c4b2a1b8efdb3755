//! Makes one move: it looks whether the planned mount is there, unmounts it, and looks again.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use mountscan::{MountId, Row, UniqueMountId, is_mounted};

use crate::error::{Error, ErrorKind};
use crate::look::{Ids, Seen, is_absent};
use crate::mount::{Facts, Same, same};
use crate::path::split;
use crate::path_text::shown;
use crate::unmount::call::{Calls, Place};
use crate::unmount::crew::worker::Worker;
use crate::unmount::execution::Execution;
use crate::unmount::holders::who_holds;
use crate::unmount::options::Detach;
use crate::unmount::outcome::{Done, Failure, HeldBy, Outcome};
use crate::unmount::target::Move;

/// How often a mount is tried that somebody covers again and again.
const COVER_LIMIT: u32 = 16;
/// The wait before a busy mount is tried again; the next one is twice as long.
const BUSY_WAIT: Duration = Duration::from_millis(1);

/// Makes one move.
pub(crate) fn run(execution: &Execution, step: &Move, worker: &mut Worker) -> Done {
    let mut calls = Calls::default();
    let result = attempt(execution, step, worker, &mut calls);
    let presumed = matches!(result, Ok(Outcome::AlreadyGone));
    let outcome = result.unwrap_or_else(|error| Outcome::Failed(Failure::from(&error)));
    let is_detached = matches!(outcome, Outcome::Detached { .. });
    Done {
        outcome,
        attempts: calls.made,
        left_private: calls.left_private,
        presumed,
        witness: calls.witness.filter(|_| is_detached),
    }
}

fn attempt(
    execution: &Execution,
    step: &Move,
    worker: &mut Worker,
    calls: &mut Calls,
) -> Result<Outcome, Error> {
    let target = &execution.targets[step.target];
    let point = &target.mount.mount_point;
    let Some((parent, name)) = split(&execution.base, point) else {
        let text = format!("{} is not below the root", shown(point));
        return Err(Error::new(ErrorKind::BadRoot, text));
    };
    let own_directory = worker.own_directory;
    let slot = worker.slot.clone();
    let directory = match worker.open(execution, parent) {
        Ok(fd) => fd,
        Err(e) if is_absent(&e) => return Ok(Outcome::AlreadyGone),
        Err(e) => {
            let text = format!("openat2(data root, {:?})", shown(parent));
            return Err(Error::call(text, parent, e));
        }
    };
    let place = Place {
        execution,
        target,
        directory,
        name,
        own_directory,
        slot: &slot,
    };
    let unique = match place.check()? {
        Check::Planned(unique) => unique,
        Check::Outcome(outcome) => return Ok(outcome),
    };
    if !step.takes.is_empty() {
        // This call detaches the whole tree. A mount that came after the plan would go too,
        // though nobody planned that.
        let strangers = unplanned(execution, step)?;
        if !strangers.is_empty() {
            let holders = HeldBy::of_mounts(strangers);
            return Ok(Outcome::Busy { holders });
        }
    }
    place.unmount(unique, target.whole_tree || !step.takes.is_empty(), calls)
}

/// The mount points of the mounts on a mount that are not planned to go with it.
fn unplanned(execution: &Execution, step: &Move) -> Result<Vec<PathBuf>, Error> {
    let top = &execution.targets[step.target].mount;
    let now = execution.read_table()?;
    let is_taken = |row: &Row<'_>| {
        let seen = Facts::from(*row);
        let mut taken = step.takes.iter().map(|&t| &execution.targets[t].mount);
        taken.any(|mount| same(&mount.facts(), &seen) != Same::No)
    };
    let Some(row) = now.by_id(top.mount_id) else {
        return Ok(Vec::new());
    };
    let on_it = now
        .descendants(row)
        .filter(|r| r.mount_id() != top.mount_id);
    let strangers = on_it.filter(|row| !is_taken(row));
    Ok(strangers
        .map(|row| row.mount_point().into_owned())
        .collect())
}

enum Check {
    /// The planned mount is there and on top.
    Planned(Option<UniqueMountId>),
    /// It is not.
    Outcome(Outcome),
}

enum After {
    Gone,
    There,
    Replaced(MountId),
}

impl Place<'_> {
    /// Checks that an unmount here would take the planned mount, and no other.
    fn check(&self) -> Result<Check, Error> {
        let known = self.known();
        if known.unique_id.is_some() {
            // One call instead of two, for the case that all is well.
            let ids = Ids {
                mount_id: self.target.mount.mount_id,
                unique_id: self.unique()?,
            };
            if same(&known, &ids.facts()) == Same::Yes && !self.execution.is_process_root(ids) {
                return Ok(Check::Planned(ids.unique_id));
            }
        }
        let Seen::Mount(ids) = self.look()? else {
            return Ok(Check::Outcome(Outcome::AlreadyGone));
        };
        if same(&known, &self.seen(ids)) != Same::Yes {
            // A mount that the plan knows was there before: ours was on it and is gone.
            let is_other = ids.mount_id != self.target.mount.mount_id;
            let outcome = match is_other && self.execution.knows(ids) {
                true => Outcome::AlreadyGone,
                false => Outcome::Replaced {
                    found: ids.mount_id,
                },
            };
            return Ok(Check::Outcome(outcome));
        }
        if self.execution.is_process_root(ids) {
            let point = &self.target.mount.mount_point;
            let text = format!("{} is the root of this process", shown(point));
            return Err(Error::new(ErrorKind::ProcessRoot, text).at(point));
        }
        Ok(Check::Planned(ids.unique_id))
    }

    /// The facts about the planned mount. If the plan has no unique id, the table from the
    /// beginning of the execution gives one, if it shows the planned mount.
    pub(crate) fn known(&self) -> Facts<'_> {
        let planned = self.target.mount.facts();
        if planned.unique_id.is_some() {
            return planned;
        }
        let listed = self.listed(self.target.mount.mount_id);
        listed
            .filter(|row| same(&planned, row) == Same::Yes)
            .unwrap_or(planned)
    }

    /// The facts about the mount that is at the place now. Facts that a look does not give come
    /// from the table that was read when the execution began.
    fn seen(&self, ids: Ids) -> Facts<'_> {
        let listed = self.listed(ids.mount_id);
        let is_it = |row: &Facts<'_>| same(row, &ids.facts()) != Same::No;
        match listed.filter(is_it) {
            Some(row) => Facts {
                unique_id: ids.unique_id,
                ..row
            },
            None => ids.facts(),
        }
    }

    fn listed(&self, mount_id: MountId) -> Option<Facts<'_>> {
        let table = self.execution.table.as_ref()?;
        table.by_id(mount_id).map(Facts::from)
    }

    /// Unmounts plainly. A busy mount is tried again for a while, and at last detached lazily
    /// if that is allowed.
    fn unmount(
        &self,
        unique: Option<UniqueMountId>,
        whole_tree: bool,
        calls: &mut Calls,
    ) -> Result<Outcome, Error> {
        let options = &self.execution.options;
        let mut waits = (0..options.busy_retries).map(|n| BUSY_WAIT * 2u32.saturating_pow(n));
        let mut covers = 0..COVER_LIMIT;
        let mut lazily = whole_tree;
        let mut holders = HeldBy::default();
        loop {
            if lazily && calls.witness.is_none() {
                // Before the call: afterwards no path leads to the mount.
                calls.witness = self.witness();
            }
            let result = self.call_alone(lazily, calls)?;
            match result.as_ref().map_err(io::Error::raw_os_error) {
                Ok(()) => match self.after(unique)? {
                    After::Gone if lazily => return Ok(Outcome::Detached { holders }),
                    After::Gone => return Ok(Outcome::Unmounted),
                    After::Replaced(found) => return Ok(Outcome::Replaced { found }),
                    // A mount that covered it went instead; it is on top again.
                    After::There if covers.next().is_some() => {}
                    After::There => return Ok(Outcome::Busy { holders }),
                },
                Err(Some(libc::EINTR)) => {}
                Err(Some(libc::EBUSY)) => match waits.next() {
                    Some(wait) => thread::sleep(wait),
                    None => {
                        let may_detach = !lazily && options.detach == Detach::WhenBusy;
                        let (is_alone, who) = who_holds(self.execution, self.target)?;
                        if !(may_detach && is_alone) {
                            return Ok(Outcome::Busy { holders: who });
                        }
                        (lazily, holders) = (true, who);
                    }
                },
                // The name is gone between the check and the call, and the mount with it.
                Err(Some(libc::ENOENT)) => return Ok(Outcome::AlreadyGone),
                Err(Some(libc::EINVAL)) => return self.explain_invalid(),
                Err(_) => return Err(self.call_error(lazily, result.err())),
            }
            // Whatever happened in between: never a second call on another mount.
            if let Check::Outcome(outcome) = self.check()? {
                return Ok(outcome);
            }
        }
    }

    /// Explains EINVAL. It means one of four things: no mount is there, a symlink is there
    /// (both mean: gone), the mount is of another namespace, or it is locked. In the first two
    /// cases a new check no longer finds the planned mount.
    fn explain_invalid(&self) -> Result<Outcome, Error> {
        match self.check()? {
            Check::Outcome(outcome) => Ok(outcome),
            Check::Planned(_) => {
                let point = &self.target.mount.mount_point;
                let text = format!("{} is locked to the mount it lies on", shown(point));
                let cause = io::Error::from_raw_os_error(libc::EINVAL);
                Err(Error::new(ErrorKind::Locked, text).at(point).because(cause))
            }
        }
    }

    /// What is at the place after a call that succeeded.
    fn after(&self, unique: Option<UniqueMountId>) -> Result<After, Error> {
        let Seen::Mount(ids) = self.look()? else {
            return Ok(After::Gone);
        };
        let ours = Facts {
            mount_id: Some(self.target.mount.mount_id),
            unique_id: unique,
            ..Facts::default()
        };
        if same(&ours, &ids.facts()) != Same::No {
            return Ok(After::There);
        }
        // Another mount is on top now. `statmount` finds ours by its id even when it is
        // covered; before Linux 6.8 it counts as gone.
        let still_mounted = unique.and_then(is_mounted) == Some(true);
        Ok(match still_mounted {
            true => After::Replaced(ids.mount_id),
            false => After::Gone,
        })
    }
}

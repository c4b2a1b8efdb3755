//! One step of a plan: look, unmount, look again.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;

use mountscan::{MountId, Row, UniqueMountId};
use nix::mount::{MntFlags, umount2};

use crate::error::{Error, ErrorKind};
use crate::mount::{Seen, is_absent, look, unique};
use crate::path::split;
use crate::path_text::shown;
use crate::plan::cleanup_plan::Step;
use crate::sys;
use crate::unmount::execute::Detach;
use crate::unmount::holders::name_holders;
use crate::unmount::peers::{Apart, part};
use crate::unmount::report::{Failure, Outcome};
use crate::unmount::shared::{Worker, World};

/// How often a mount that is covered again and again is tried.
const COVER_LIMIT: u32 = 16;

/// A step's outcome as far as one look tells.
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) attempts: u32,
    pub(crate) left_private: Option<Failure>,
    /// Gone from where it was planned to be; whether it is gone from the table too
    /// is left to one look at the table when all steps are done.
    pub(crate) presumed: bool,
}

/// What the calls of a step came to, whatever its outcome.
#[derive(Default)]
struct Calls {
    made: u32,
    /// Why the mount below is private now, if it could not be put back.
    left_private: Option<Failure>,
}

/// Carries out one step.
pub(crate) fn run(world: &World<'_>, step: &Step, worker: &mut Worker) -> Done {
    let mut calls = Calls::default();
    let result = attempt(world, step, worker, &mut calls);
    let presumed = matches!(result, Ok(Outcome::AlreadyGone));
    let outcome = result.unwrap_or_else(|error| Outcome::Failed(Failure::from(&error)));
    Done {
        outcome,
        attempts: calls.made,
        left_private: calls.left_private,
        presumed,
    }
}

fn attempt(
    world: &World<'_>,
    step: &Step,
    worker: &mut Worker,
    calls: &mut Calls,
) -> Result<Outcome, Error> {
    let Some((parent, name)) = split(world.root, &step.mount_point) else {
        return Err(Error::new(
            ErrorKind::BadRoot,
            format!("{} is not below the root", shown(&step.mount_point)),
        ));
    };
    let own_directory = worker.own_directory;
    let directory = match worker.open(world, parent) {
        Ok(fd) => fd,
        Err(e) if is_absent(&e) => return Ok(Outcome::AlreadyGone),
        Err(e) => {
            return Err(Error::system(
                format!("open {:?} below the root", shown(parent)),
                parent,
                e,
            ));
        }
    };
    let place = Place {
        world,
        step,
        directory,
        name,
        own_directory,
    };
    let unique = match place.check()? {
        Check::Planned(unique) => unique,
        Check::Outcome(outcome) => return Ok(outcome),
    };
    place.unmount(unique, calls)
}

/// Where a step's mount is, by its parent directory and its name there.
struct Place<'a> {
    world: &'a World<'a>,
    step: &'a Step,
    directory: &'a OwnedFd,
    name: &'a OsStr,
    own_directory: bool,
}

enum Check {
    /// The planned mount is there and on top.
    Planned(Option<UniqueMountId>),
    /// It is not.
    Outcome(Outcome),
}

impl Place<'_> {
    /// Whether the planned mount, and no other, is what an unmount here would take.
    fn check(&self) -> Result<Check, Error> {
        if let Some(planned) = self.planned_unique() {
            let now = unique(self.directory, self.name).map_err(|e| self.look_error(e))?;
            if now == Some(planned) && !self.world.is_process_root(planned) {
                return Ok(Check::Planned(now));
            }
        }
        let (mount_id, unique_id) = match self.look()? {
            Seen::Mount {
                mount_id,
                unique_id,
            } => (mount_id, unique_id),
            Seen::NoMount | Seen::Nothing => return Ok(Check::Outcome(Outcome::AlreadyGone)),
        };
        if !self.is_planned(mount_id, unique_id) {
            // A mount the plan knows was there before: ours was on it and is gone.
            let below_ours =
                mount_id != self.step.mount_id && self.world.knows(mount_id, unique_id);
            let outcome = if below_ours {
                Outcome::AlreadyGone
            } else {
                Outcome::Replaced { found: mount_id }
            };
            return Ok(Check::Outcome(outcome));
        }
        if self.world.process_root
            == (Seen::Mount {
                mount_id,
                unique_id,
            })
        {
            let text = format!(
                "{} is the root of this process",
                shown(&self.step.mount_point)
            );
            return Err(Error::new(ErrorKind::ProcessRoot, text).at(&self.step.mount_point));
        }
        Ok(Check::Planned(unique_id))
    }

    fn look(&self) -> Result<Seen, Error> {
        look(self.directory, self.name).map_err(|e| self.look_error(e))
    }

    fn look_error(&self, cause: io::Error) -> Error {
        let point = &self.step.mount_point;
        Error::system(format!("statx({:?})", shown(point)), point, cause)
    }

    /// The unique id of the planned mount: from the plan, or from the table as it was
    /// when the execution began.
    fn planned_unique(&self) -> Option<UniqueMountId> {
        let from_table = || self.listed().and_then(|row| row.unique_id());
        self.step.unique_id.or_else(from_table)
    }

    /// The planned mount in the table, by its id, device, root and mount point.
    fn listed(&self) -> Option<Row<'_>> {
        let row = self.world.table.as_ref()?.by_id(self.step.mount_id)?;
        let is_it = row.device() == self.step.device
            && row.root() == self.step.root
            && row.mount_point() == self.step.mount_point;
        is_it.then_some(row)
    }

    /// By unique id where there is one; else by the reused id, if the table gives it
    /// to what was planned.
    fn is_planned(&self, mount_id: MountId, unique_id: Option<UniqueMountId>) -> bool {
        match self.planned_unique() {
            Some(planned) => unique_id == Some(planned),
            None => mount_id == self.step.mount_id && self.listed().is_some(),
        }
    }

    /// Plain, again for a while if it is busy, lazily at last if that is allowed.
    fn unmount(&self, unique: Option<UniqueMountId>, calls: &mut Calls) -> Result<Outcome, Error> {
        let options = self.world.options;
        let mut waits =
            (0..options.busy_retries).map(|n| options.busy_wait * 2u32.saturating_pow(n));
        let mut covers = 0..COVER_LIMIT;
        let mut lazily = options.whole_tree;
        let mut holders = Vec::new();
        loop {
            let result = self.call_alone(lazily, calls)?;
            match result.as_ref().map_err(|e| e.raw_os_error()) {
                Ok(()) => match self.after(unique)? {
                    After::Gone if lazily => {
                        return Ok(Outcome::Detached { holders });
                    }
                    After::Gone => return Ok(Outcome::Unmounted),
                    After::Replaced(found) => return Ok(Outcome::Replaced { found }),
                    // A mount that covered it went instead; it is on top again.
                    After::There if covers.next().is_some() => {}
                    After::There => {
                        return Ok(Outcome::Busy {
                            holders: Vec::new(),
                        });
                    }
                },
                Err(Some(libc::EINTR)) => {}
                Err(Some(libc::EBUSY)) => match waits.next() {
                    Some(wait) => thread::sleep(wait),
                    None => {
                        let may_detach = !lazily && options.detach == Detach::WhenBusy;
                        let (is_alone, who) = self.who_holds()?;
                        if !(may_detach && is_alone) {
                            return Ok(Outcome::Busy { holders: who });
                        }
                        (lazily, holders) = (true, who);
                    }
                },
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

    /// EINVAL says: no mount there, a symlink there (both: gone), a mount of another
    /// namespace, or a locked one. The first two have another identity now.
    fn explain_invalid(&self) -> Result<Outcome, Error> {
        match self.check()? {
            Check::Outcome(outcome) => Ok(outcome),
            Check::Planned(_) => {
                let text = format!(
                    "{} is locked to the mount it lies on",
                    shown(&self.step.mount_point)
                );
                let cause = io::Error::from_raw_os_error(libc::EINVAL);
                Err(Error::new(ErrorKind::Locked, text)
                    .at(&self.step.mount_point)
                    .because(cause))
            }
        }
    }

    /// The call, with or without the peers of the mount below.
    fn call_alone(&self, lazily: bool, calls: &mut Calls) -> Result<io::Result<()>, Error> {
        let apart = if self.world.options.propagate {
            None
        } else {
            part(self.world, self.step, self.directory)?
        };
        calls.made += 1;
        let result = self.call(lazily);
        if let Some(Err(failure)) = apart.map(Apart::rejoin) {
            calls.left_private = Some(failure);
        }
        Ok(result)
    }

    fn call(&self, lazily: bool) -> io::Result<()> {
        let flags = if lazily {
            MntFlags::UMOUNT_NOFOLLOW | MntFlags::MNT_DETACH
        } else {
            MntFlags::UMOUNT_NOFOLLOW
        };
        if self.own_directory {
            // Left where it is: the next step begins with its own directory.
            sys::change_dir(self.directory.as_fd())?;
            return Ok(umount2(Path::new(self.name), flags)?);
        }
        if !self.world.has_proc {
            return Err(io::Error::from_raw_os_error(libc::ENOSYS));
        }
        let mut path = OsString::from(format!(
            "/proc/thread-self/fd/{}/",
            self.directory.as_raw_fd()
        ));
        path.push(self.name);
        Ok(umount2(Path::new(&path), flags)?)
    }

    fn call_error(&self, lazily: bool, cause: Option<io::Error>) -> Error {
        let flags = if lazily {
            "UMOUNT_NOFOLLOW|MNT_DETACH"
        } else {
            "UMOUNT_NOFOLLOW"
        };
        let text = format!("umount2({:?}, {flags})", shown(&self.step.mount_point));
        let cause = cause.unwrap_or_else(|| io::Error::from_raw_os_error(libc::EIO));
        Error::system(text, &self.step.mount_point, cause)
    }

    /// What is at the place after a call that succeeded.
    fn after(&self, unique: Option<UniqueMountId>) -> Result<After, Error> {
        let Seen::Mount {
            mount_id,
            unique_id,
        } = self.look()?
        else {
            return Ok(After::Gone);
        };
        let is_ours = match (unique, unique_id) {
            (Some(ours), Some(now)) => ours == now,
            _ => mount_id == self.step.mount_id,
        };
        if is_ours {
            return Ok(After::There);
        }
        let still_mounted = unique.and_then(sys::is_mounted) == Some(true);
        Ok(if still_mounted {
            After::Replaced(mount_id)
        } else {
            After::Gone
        })
    }

    /// Whether nothing is mounted on it, and who holds it. A lazy unmount takes along
    /// whatever is mounted below, so it is allowed only if nothing is.
    fn who_holds(&self) -> Result<(bool, Vec<String>), Error> {
        let table = self.world.options.read_table()?;
        let Some(row) = table.by_id(self.step.mount_id) else {
            return Ok((true, Vec::new()));
        };
        let on_it = table
            .children(row)
            .filter(|child| child.mount_id() != row.mount_id());
        let on_it: Vec<String> = on_it
            .map(|c| format!("the mount {}", shown(&c.mount_point())))
            .collect();
        if on_it.is_empty() {
            return Ok((true, self.holders(row)));
        }
        Ok((false, on_it))
    }

    /// Looked for only for the first few busy mounts: each costs a look at all processes.
    fn holders(&self, row: Row<'_>) -> Vec<String> {
        let looked_for = self.world.looked_for.fetch_add(1, Ordering::Relaxed);
        if looked_for < self.world.options.name_holders {
            name_holders(&row.into())
        } else {
            Vec::new()
        }
    }
}

enum After {
    Gone,
    There,
    Replaced(MountId),
}

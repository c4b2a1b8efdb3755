//! Unmounting here and not in the peers.
//!
//! Whether an unmount spreads is decided by the mount below, and by nothing else. So
//! that mount leaves its peer group for the one call. A detached clone of it stays in
//! the group meanwhile, keeps the group's number and slaves, and leads it back.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{MutexGuard, PoisonError};

use mountscan::{MountId, Row};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::{Errno, retry_on_intr};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::error::{Error, ErrorKind};
use crate::look::{Seen, look, mount_of};
use crate::path_text::shown;
use crate::sys::{self, Spread};
use crate::unmount::execution::Execution;
use crate::unmount::outcome::Failure;
use crate::unmount::target::Target;

/// Directories between a mount's root and a mount point on it; a path of `PATH_MAX`
/// has half as many, and more can only be a circle.
const DEPTH_LIMIT: usize = libc::PATH_MAX as usize;

/// A mount that has left its peer group, until [`rejoin`](Apart::rejoin).
pub(crate) struct Apart<'e> {
    execution: &'e Execution,
    was: Row<'e>,
    mount: OwnedFd,
    /// A clone of it, in the group.
    group: OwnedFd,
    /// One at a time: two would take each other's private state for the true one.
    _turn: MutexGuard<'e, HashSet<MountId>>,
}

/// Takes the mount that the target lies on, at `directory`, out of its peer
/// group; `None` if it has none. An error if the way back is not certain: nothing
/// has been changed then.
pub(crate) fn part<'e>(
    execution: &'e Execution,
    target: &Target,
    directory: &OwnedFd,
) -> Result<Option<Apart<'e>>, Error> {
    let refuse = |what: &str, cause: io::Error| {
        let point = &target.mount.mount_point;
        let text = format!("unmount {:?} without its peers: {what}", shown(point));
        match cause.raw_os_error() {
            Some(libc::EINVAL) => Error::new(ErrorKind::Unsupported, text)
                .at(point)
                .because(cause),
            _ => Error::call(text, point, cause),
        }
    };
    let mut turn = execution
        .rehearsed
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let unknown = || io::Error::from_raw_os_error(libc::EINVAL);
    let below = execution
        .table
        .as_ref()
        .and_then(|t| t.by_id(target.parent_id));
    let was = below.ok_or_else(|| refuse("the mount it lies on is not in the table", unknown()))?;
    if was.shared().is_none() {
        return Ok(None);
    }
    let at = mount_of(directory).map_err(|e| refuse("statx of its directory", e))?;
    if at != target.parent_id {
        let what = "the shared mount it lies on is covered by it and cannot be reached";
        return Err(refuse(what, unknown()));
    }
    let mount =
        mount_root(directory).map_err(|e| refuse("find the root of the mount it lies on", e))?;
    if turn.insert(at) {
        rehearse(&mount).map_err(|e| {
            turn.remove(&at);
            refuse("leave a peer group and come back (Linux 5.15)", e)
        })?;
    }
    let group = clone(&mount).map_err(|e| refuse("clone the mount it lies on", e))?;
    leave_group(&mount).map_err(|e| refuse("make the mount it lies on private", e))?;
    Ok(Some(Apart {
        execution,
        was,
        mount,
        group,
        _turn: turn,
    }))
}

impl Apart<'_> {
    /// Puts the mount back; an error if it is private now and was not before.
    pub(crate) fn rejoin(self) -> Result<(), Failure> {
        let Err(cause) = set_group(&self.group, &self.mount) else {
            return Ok(());
        };
        // Somebody else may have done it, or changed it on purpose.
        let now = self.execution.read_table();
        let is_back = now.as_ref().is_ok_and(|table| {
            let row = table.by_id(self.was.mount_id());
            row.is_none_or(|row| row.propagation() == self.was.propagation())
        });
        if is_back {
            return Ok(());
        }
        let point = self.was.mount_point();
        let text = format!(
            "{:?} (mount {}) was {} and is private now: what is mounted on it no longer spreads",
            shown(&point),
            self.was.mount_id(),
            self.was.propagation()
        );
        Err(Failure::from(&Error::call(text, &point, cause)))
    }
}

/// Leaves and comes back with two clones, which nobody sees: what works on them
/// works on the mount.
fn rehearse(mount: &OwnedFd) -> io::Result<()> {
    let (stays, goes) = (clone(mount)?, clone(mount)?);
    leave_group(&goes)?;
    set_group(&stays, &goes)
}

/// A detached mount of the same, in the same peer group, without what is mounted on it.
fn clone(mount: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    Ok(retry_on_intr(|| open_tree(mount, "", flags))?)
}

fn leave_group(mount: &OwnedFd) -> io::Result<()> {
    sys::set_propagation(mount.as_fd(), Spread::Private)
}

fn set_group(from: &OwnedFd, to: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH
        | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH
        | MoveMountFlags::MOVE_MOUNT_SET_GROUP;
    Ok(retry_on_intr(|| move_mount(from, "", to, "", flags))?)
}

/// The root of the mount that a directory lies on, upwards without leaving it.
fn mount_root(directory: &OwnedFd) -> io::Result<OwnedFd> {
    let mut at = directory.try_clone()?;
    for _ in 0..DEPTH_LIMIT {
        if matches!(look(&at, "".as_ref())?, Seen::Mount { .. }) {
            return Ok(at);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let up = || openat2(&at, "..", flags, Mode::empty(), ResolveFlags::NO_XDEV);
        at = retry_on_intr(|| match up() {
            Err(Errno::AGAIN) => Err(Errno::INTR),
            result => result,
        })?;
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

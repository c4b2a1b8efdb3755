//! Unmounts here and not in the peers.
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

/// The most directories between a mount's root and a mount point on it. A path of `PATH_MAX`
/// bytes has half as many; more can only be a circle.
const DEPTH_LIMIT: usize = libc::PATH_MAX as usize;

/// A mount that has left its peer group, until [`rejoin`](Apart::rejoin).
pub(crate) struct Apart<'e> {
    execution: &'e Execution,
    was: Row<'e>,
    mount: OwnedFd,
    /// A clone of it, in the group.
    group: OwnedFd,
    /// Only one at a time. A second thread would see the mount private and take that for its
    /// true state.
    _turn: MutexGuard<'e, HashSet<MountId>>,
}

/// Takes the mount that the target lies on, at `directory`, out of its peer group. `None` if it
/// has no group. It is an error if the way back is not certain; then nothing has been changed.
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
    // The descriptor leads to the mount on top. Changing that one would not help: the kernel
    // asks the parent of the target.
    if at != target.parent_id {
        let what = "the shared mount it lies on is covered by it and cannot be reached";
        return Err(refuse(what, unknown()));
    }
    let mount =
        mount_root(directory).map_err(|e| refuse("find the root of the mount it lies on", e))?;
    // Once for each mount: kernel and filter do not change their mind between two steps.
    if turn.insert(at) {
        rehearse(&mount).map_err(|e| {
            turn.remove(&at);
            refuse("leave a peer group and come back (Linux 5.15)", e)
        })?;
    }
    // Before leaving: a group whose last member leaves is gone, and so is its number.
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
    /// Puts the mount back into its group. It is an error if the mount is private now and was
    /// not before.
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

/// Tries leaving and coming back with two detached clones, which nobody sees. What works on
/// them works on the mount.
fn rehearse(mount: &OwnedFd) -> io::Result<()> {
    let (stays, goes) = (clone(mount)?, clone(mount)?);
    leave_group(&goes)?;
    set_group(&stays, &goes)
}

/// A detached clone of the mount, in the same peer group. The mounts on it are not cloned.
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

/// Finds the root of the mount that a directory lies on. It goes upwards and does not leave the
/// mount.
fn mount_root(directory: &OwnedFd) -> io::Result<OwnedFd> {
    let mut at = directory.try_clone()?;
    for _ in 0..DEPTH_LIMIT {
        if matches!(look(&at, "".as_ref())?, Seen::Mount { .. }) {
            return Ok(at);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // NO_XDEV: `..` at the root of a mount would lead to the mount below it.
        let up = || openat2(&at, "..", flags, Mode::empty(), ResolveFlags::NO_XDEV);
        at = retry_on_intr(|| match up() {
            // EAGAIN means that a rename happened meanwhile. Here it stands for an interrupted
            // call, so that it is made again.
            Err(Errno::AGAIN) => Err(Errno::INTR),
            result => result,
        })?;
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

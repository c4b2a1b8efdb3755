//! The bind of a data root onto itself: every call that makes or changes a mount.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount_bind_recursive, mount_change,
    move_mount, open_tree,
};
use tracing::warn;

use crate::data_root::prepare::{open, record};
use crate::data_root::record_file::RecordStore;
use crate::data_root::release::{plan_of, root_step};
use crate::data_root::status::View;
use crate::error::Error;
use crate::mount::{Seen, look};
use crate::path_text::shown;
use crate::sys;
use crate::unmount::execute::{ExecuteOptions, execute};

/// Binds the root onto itself, with everything below it, and records it before.
pub(crate) fn bind(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    let root = &view.status.root;
    let below = open(root)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    match open_tree(&below, "", flags) {
        Ok(clone) => attach(view, store, &below, &clone),
        // Not there, or filtered; mount(2) says which.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => bind_by_path(view, store),
        Err(errno) => Err(Error::system(
            format!("open_tree({:?})", shown(root)),
            root,
            errno,
        )),
    }
}

/// By descriptors: the mount is complete, and recorded, before anybody can see it.
fn attach(
    view: &View,
    store: &RecordStore<'_>,
    below: &OwnedFd,
    clone: &OwnedFd,
) -> Result<(), Error> {
    let root = &view.status.root;
    let ids = look(clone, OsStr::new(""))
        .map_err(|e| Error::system("statx of the new mount", root, e))?;
    // Before Linux 5.12 only an attached mount can change.
    let is_complete = own_group_by_descriptor(clone).is_ok();
    store.write(&record(view, Some(ids)))?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    if let Err(errno) = move_mount(clone, "", below, "", flags) {
        return undo(
            store,
            Error::system(format!("move_mount(to {:?})", shown(root)), root, errno),
        );
    }
    let result = if is_complete {
        Ok(())
    } else {
        own_peer_group(clone, root)
    };
    result.or_else(|error| {
        unmount_new(view, ids);
        undo(store, error)
    })
}

/// By path, with mount(2): the record is written without ids, then with them.
fn bind_by_path(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    let root = &view.status.root;
    store.write(&record(view, Some(Seen::Nothing)))?;
    if let Err(errno) = mount_bind_recursive(root, root) {
        return undo(
            store,
            Error::system(
                format!("mount({0:?}, {0:?}, MS_BIND|MS_REC)", shown(root)),
                root,
                errno,
            ),
        );
    }
    let finish = || {
        let top = open(root)?;
        let ids = look(&top, OsStr::new(""))
            .map_err(|e| Error::system("statx of the new mount", root, e))?;
        own_peer_group(&top, root)?;
        store.write(&record(view, Some(ids)))
    };
    finish().or_else(|error| {
        let ids = open(root)
            .ok()
            .and_then(|top| look(&top, OsStr::new("")).ok());
        ids.into_iter().for_each(|ids| unmount_new(view, ids));
        undo(store, error)
    })
}

/// Removes the record again and passes the error on.
fn undo(store: &RecordStore<'_>, error: Error) -> Result<(), Error> {
    if let Err(error) = store.remove() {
        warn!(%error, "ownership record stays after a failed preparation");
    }
    Err(error)
}

/// Takes the new mount away again, with the copies on it.
fn unmount_new(view: &View, ids: Seen) {
    if let Seen::Mount {
        mount_id,
        unique_id,
    } = ids
    {
        let mut step = root_step(view);
        step.mount_id = mount_id;
        step.unique_id = unique_id;
        let mut options = ExecuteOptions::new();
        options.whole_tree = true;
        match execute(&plan_of(view, step), &options) {
            Ok(report) if report.is_clean() => {}
            Ok(report) => warn!(%report, "mount stays after a failed preparation"),
            Err(error) => warn!(%error, "mount stays after a failed preparation"),
        }
    }
}

/// A peer group of its own: what is shared already, with the mount below, must
/// become private first, or every later mount appears twice.
pub(crate) fn own_peer_group(mount: &OwnedFd, root: &Path) -> Result<(), Error> {
    set_propagation(mount, root, MountPropagationFlags::PRIVATE)?;
    set_propagation(mount, root, MountPropagationFlags::SHARED)
}

fn own_group_by_descriptor(mount: &OwnedFd) -> io::Result<()> {
    sys::set_propagation(
        mount.as_fd(),
        u64::from(MountPropagationFlags::PRIVATE.bits()),
    )?;
    sys::set_propagation(
        mount.as_fd(),
        u64::from(MountPropagationFlags::SHARED.bits()),
    )
}

/// Of the mount that the descriptor names, and no other; by mount(2) on kernels
/// before 5.12.
pub(crate) fn set_propagation(
    mount: &OwnedFd,
    root: &Path,
    flags: MountPropagationFlags,
) -> Result<(), Error> {
    if sys::set_propagation(mount.as_fd(), u64::from(flags.bits())).is_ok() {
        return Ok(());
    }
    let by_descriptor = format!("/proc/thread-self/fd/{}", mount.as_raw_fd());
    mount_change(by_descriptor, flags)
        .map_err(|errno| Error::system(format!("mount({:?}, {flags:?})", shown(root)), root, errno))
}

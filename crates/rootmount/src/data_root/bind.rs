//! Binds a data root onto itself. All calls that make or change a mount are here.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::mount::{MsFlags, mount};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::data_root::record_file::RecordStore;
use crate::data_root::release::unmount_root;
use crate::data_root::view::View;
use crate::error::Error;
use crate::log::warning;
use crate::look::{Ids, Seen, look};
use crate::mount::MountRef;
use crate::path::open_answering;
use crate::path_text::shown;
use crate::sys::{self, Spread};
use crate::unmount::options::UnmountOptions;
use crate::unmount::target::Target;

/// Binds the root onto itself, with everything below it. The record is written first.
pub(crate) fn bind(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    let root = &view.status.root;
    let below = open_answering(root)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    match open_tree(&below, "", flags) {
        Ok(clone) => attach(view, store, &below, &clone),
        // Not there, or filtered; mount(2) says which.
        Err(Errno::NOSYS | Errno::PERM) => bind_by_path(view, store),
        Err(errno) => Err(Error::call(
            format!("open_tree({:?})", shown(root)),
            root,
            errno,
        )),
    }
}

/// Binds by descriptors. The mount is complete and recorded before anybody can see it.
fn attach(
    view: &View,
    store: &RecordStore<'_>,
    below: &OwnedFd,
    clone: &OwnedFd,
) -> Result<(), Error> {
    let root = &view.status.root;
    let ids = ids_of(clone, root)?;
    // Before Linux 5.12 only an attached mount can change.
    let is_complete = own_group_by_descriptor(clone).is_ok();
    // Before the mount is attached: if we crash in between, the record names a mount that never
    // was. The other order would leave a mount that nobody knows to be ours.
    store.write(&view.record(ids)?)?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    if let Err(errno) = move_mount(clone, "", below, "", flags) {
        let text = format!("move_mount(to {:?})", shown(root));
        return undo(store, Error::call(text, root, errno));
    }
    if is_complete {
        return Ok(());
    }
    own_peer_group(clone, root).or_else(|error| {
        unmount_new(view, ids);
        undo(store, error)
    })
}

/// Binds by path, with mount(2). The record is written without ids first, and with them
/// afterwards.
fn bind_by_path(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    let root = &view.status.root;
    // mount(2) attaches at once and returns no descriptor, so the ids are known only
    // afterwards.
    store.write(&view.record(None)?)?;
    // Recursive: without it, what is mounted below the root would be hidden.
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    if let Err(errno) = mount(Some(root), root, None::<&str>, flags, None::<&str>) {
        let text = format!("mount({0:?}, {0:?}, MS_BIND|MS_REC)", shown(root));
        return undo(store, Error::call(text, root, errno));
    }
    let finish = || {
        let top = open_answering(root)?;
        let ids = ids_of(&top, root)?;
        own_peer_group(&top, root)?;
        store.write(&view.record(ids)?)
    };
    finish().or_else(|error| {
        let top = open_answering(root);
        unmount_new(view, top.and_then(|top| ids_of(&top, root)).ok().flatten());
        undo(store, error)
    })
}

fn ids_of(mount: &OwnedFd, root: &Path) -> Result<Option<Ids>, Error> {
    match look(mount, OsStr::new("")) {
        Ok(Seen::Mount(ids)) => Ok(Some(ids)),
        Ok(Seen::NoMount | Seen::Nothing) => Ok(None),
        Err(e) => Err(Error::call("statx(new mount)", root, e)),
    }
}

/// Removes the record again and passes the error on.
fn undo(store: &RecordStore<'_>, error: Error) -> Result<(), Error> {
    if let Err(_error) = store.remove() {
        warning!(error = %_error, "ownership record stays after a failed preparation");
    }
    Err(error)
}

/// Unmounts the new mount again, together with the copies on it.
fn unmount_new(view: &View, ids: Option<Ids>) {
    let Some(ids) = ids else { return };
    let mount = MountRef {
        mount_id: ids.mount_id,
        unique_id: ids.unique_id,
        device: view.status.holder.mount.device,
        root: view.status.holder.shows.clone(),
        mount_point: view.status.root.clone(),
    };
    let target = Target {
        mount,
        parent_id: view.status.holder.mount.mount_id,
        may_hang: false,
        whole_tree: true,
    };
    match unmount_root(target, &UnmountOptions::default()) {
        Ok(done) if done.outcome.is_gone() => {}
        Ok(_done) => {
            warning!(outcome = %_done.outcome, "mount stays after a failed preparation");
        }
        Err(_error) => {
            warning!(error = %_error, "mount stays after a failed preparation");
        }
    }
}

/// Gives the mount a peer group of its own. A bind of a shared mount is in the group of that
/// mount. So it becomes private first; otherwise every later mount would appear twice.
pub(crate) fn own_peer_group(mount: &OwnedFd, root: &Path) -> Result<(), Error> {
    set_propagation(mount, root, Spread::Private)?;
    set_propagation(mount, root, Spread::Shared)
}

fn own_group_by_descriptor(mount: &OwnedFd) -> io::Result<()> {
    sys::set_propagation(mount.as_fd(), Spread::Private)?;
    sys::set_propagation(mount.as_fd(), Spread::Shared)
}

/// Sets the propagation of the mount that the descriptor names, and of no other. Kernels before
/// 5.12 do it by mount(2).
pub(crate) fn set_propagation(
    mount_fd: &OwnedFd,
    root: &Path,
    spread: Spread,
) -> Result<(), Error> {
    if sys::set_propagation(mount_fd.as_fd(), spread).is_ok() {
        return Ok(());
    }
    let flags = match spread {
        Spread::Private => MsFlags::MS_PRIVATE,
        Spread::Shared => MsFlags::MS_SHARED,
    };
    // The path of the descriptor leads to this very mount; the path of the root leads to
    // whatever is on top now.
    let by_descriptor = format!("/proc/thread-self/fd/{}", mount_fd.as_raw_fd());
    let none = None::<&str>;
    mount(none, by_descriptor.as_str(), none, flags, none)
        .map_err(|errno| Error::call(format!("mount({:?}, {flags:?})", shown(root)), root, errno))
}

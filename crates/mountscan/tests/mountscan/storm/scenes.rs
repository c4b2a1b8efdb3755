//! Changes that never end, around one mount that stays.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mountscan::{MountInfo, mount_at};
use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    UnmountFlags,
};

use super::times;
use crate::namespace::{bind, mount, propagate, tmpfs};

/// One kind of change that never ends, and what it promises about the stable mount.
pub(crate) struct Storm {
    pub(crate) name: &'static str,
    /// Where the stable mount lies and stays on top; `None` where the storm moves it.
    pub(crate) stays_at: Option<PathBuf>,
    pub(crate) stable: MountInfo,
    pub(crate) change: Box<dyn Fn() + Send + Sync>,
}

fn stable(base: &Path, point: &Path) -> MountInfo {
    mount(b"stable", point, "tmpfs", MountFlags::empty(), "mode=755");
    assert!(point.starts_with(base));
    mount_at(point).expect("just mounted")
}

fn quick(point: &Path) {
    rustix::mount::mount("quick", point, "tmpfs", MountFlags::empty(), None).expect("ours");
}

fn gone(point: &Path) {
    rustix::mount::unmount(point, UnmountFlags::DETACH).expect("mounted by us");
}

/// Copies that come and go beneath the stable mount, because its parent is a slave.
pub(crate) fn propagation(base: &Path) -> Option<Storm> {
    let (master, slave) = (base.join("master"), base.join("slave"));
    tmpfs(&master);
    std::fs::create_dir(master.join("x")).expect("writable");
    propagate(&master, MountPropagationFlags::SHARED);
    bind(&master, &slave);
    propagate(&slave, MountPropagationFlags::DOWNSTREAM);
    let point = slave.join("x");
    Some(Storm {
        name: "propagation",
        stable: stable(base, &point),
        stays_at: Some(point),
        change: Box::new(move || {
            quick(&master.join("x"));
            gone(&master.join("x"));
        }),
    })
}

/// New mounts that are put beneath the stable one (Linux 6.5), where they stay. So there are not
/// more than 200, spread over the whole count.
pub(crate) fn beneath(base: &Path) -> Option<Storm> {
    const MOST: usize = 200;
    let point = base.join("above");
    let stable = stable(base, &point);
    if put_beneath(&point).is_err() {
        assert!(!support::kernel::since(6, 5));
        return None;
    }
    let place = point.clone();
    let count = AtomicUsize::new(0);
    Some(Storm {
        name: "beneath",
        stable,
        stays_at: Some(point),
        change: Box::new(move || {
            if count.fetch_add(1, Ordering::Relaxed) < MOST {
                put_beneath(&place).expect("as before");
            }
            std::thread::sleep(Duration::from_millis(times() as u64));
        }),
    })
}

fn put_beneath(point: &Path) -> rustix::io::Result<()> {
    let context = rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_create(context.as_fd())?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    let new = rustix::mount::fsmount(context.as_fd(), flags, MountAttrFlags::empty())?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_BENEATH;
    rustix::mount::move_mount(new.as_fd(), "", CWD, point, flags)
}

/// The stable mount moves away, another takes its place for a while.
pub(crate) fn moves(base: &Path) -> Option<Storm> {
    let (here, there) = (base.join("here"), base.join("there"));
    std::fs::create_dir(&there).expect("writable");
    Some(Storm {
        name: "moves",
        stable: stable(base, &here),
        stays_at: None,
        change: Box::new(move || {
            rustix::mount::mount_move(&here, &there).expect("private");
            quick(&here);
            gone(&here);
            rustix::mount::mount_move(&there, &here).expect("private");
        }),
    })
}

/// A directory above the stable mount is renamed, and another with a mount takes its place.
pub(crate) fn renames(base: &Path) -> Option<Storm> {
    let (one, other) = (base.join("one"), base.join("other"));
    let stable = stable(base, &one.join("m"));
    Some(Storm {
        name: "renames",
        stable,
        stays_at: None,
        change: Box::new(move || {
            std::fs::rename(&one, &other).expect("ours");
            std::fs::create_dir_all(one.join("m")).expect("ours");
            quick(&one.join("m"));
            gone(&one.join("m"));
            std::fs::remove_dir_all(&one).expect("ours");
            std::fs::rename(&other, &one).expect("ours");
        }),
    })
}

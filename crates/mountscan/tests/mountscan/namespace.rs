//! A mount namespace of its own per test, and mounts to look at.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::thread::UnshareFlags;
use support::namespace::{own_with_tmpfs, with};
use support::space::Space;

/// Runs a test in a mount namespace of its own, all of it private, with a tmpfs to work in.
///
/// The namespace is a thread's: the process's first thread has another one, and a call that
/// asked about the process instead of the thread would be found out.
pub(crate) fn isolated(test: impl FnOnce(&Path) + Send) {
    own_with_tmpfs(Space::MOUNTS, |base| {
        with(UnshareFlags::NEWNS, || test(base));
    });
}

#[track_caller]
pub(crate) fn propagate(point: &Path, flags: MountPropagationFlags) {
    rustix::mount::mount_change(point, flags).expect("the mount is ours");
}

#[track_caller]
pub(crate) fn mount(source: &[u8], point: &Path, fs_type: &str, flags: MountFlags, data: &str) {
    std::fs::create_dir_all(point).expect("writable");
    let data = std::ffi::CString::new(data).expect("no NUL");
    let source = std::ffi::OsStr::from_bytes(source);
    rustix::mount::mount(source, point, fs_type, flags, Some(data.as_c_str()))
        .unwrap_or_else(|errno| panic!("mount {fs_type} on {point:?}: {errno}"));
}

#[track_caller]
pub(crate) fn tmpfs(point: &Path) {
    mount(b"tmpfs", point, "tmpfs", MountFlags::empty(), "mode=755");
}

#[track_caller]
pub(crate) fn bind(source: &Path, point: &Path) {
    std::fs::create_dir_all(point).expect("writable");
    rustix::mount::mount_bind(source, point).expect("both are there");
}

#[track_caller]
pub(crate) fn unmount(point: &Path) {
    rustix::mount::unmount(point, UnmountFlags::DETACH).expect("it is mounted");
}

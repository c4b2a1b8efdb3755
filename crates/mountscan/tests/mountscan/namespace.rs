//! A thread with a mount namespace of its own per test, and mounts to look at.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

/// Runs a test on a thread with a mount namespace of its own, all of it private, and a tmpfs to work in.
/// Where that is refused the test says so and does nothing; the VM lane runs the same on real kernels.
pub(crate) fn isolated(test: impl FnOnce(&Path) + Send) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let base = &directory.path().canonicalize().expect("just made");
    let outcome = std::thread::scope(|scope| {
        let body = || {
            if !enter() {
                eprintln!("not run: mount namespaces are refused here");
                return;
            }
            tmpfs(base);
            test(base);
        };
        scope.spawn(body).join()
    });
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
fn enter() -> bool {
    if rustix::thread::unshare(UnshareFlags::NEWNS | UnshareFlags::FS).is_err() {
        return false;
    }
    propagate(
        "/".as_ref(),
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    );
    true
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

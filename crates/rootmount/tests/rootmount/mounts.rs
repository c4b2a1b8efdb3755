//! A mount namespace of its own per test, and mounts to clean up.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rootmount::{CleanupPlan, ExecuteOptions, MountTable, PlanOptions, Rules, plan};
use support::namespace::own_with_tmpfs;
use support::space::Space;

/// Runs a test in a mount namespace of its own, all of it private, with a tmpfs to work in.
pub(crate) fn isolated(test: impl FnOnce(&Path)) {
    own_with_tmpfs(Space::MOUNTS, test);
}

/// Like [`isolated`], only with real root: what it needs a user namespace refuses.
pub(crate) fn isolated_as_root(test: impl FnOnce(&Path)) {
    own_with_tmpfs(Space::MOUNTS.as_real_root(), test);
}

pub(crate) fn private(point: &Path) {
    mount(
        None::<&str>,
        point,
        None::<&str>,
        MsFlags::MS_PRIVATE | MsFlags::MS_REC,
        None::<&str>,
    )
    .unwrap();
}

pub(crate) fn shared(point: &Path) {
    mount(
        None::<&str>,
        point,
        None::<&str>,
        MsFlags::MS_SHARED,
        None::<&str>,
    )
    .unwrap();
}

/// A directory with a tmpfs on it.
pub(crate) fn tmpfs(point: &Path) -> PathBuf {
    std::fs::create_dir_all(point).unwrap();
    mount(
        Some("tmpfs"),
        point,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=755"),
    )
    .unwrap();
    point.to_path_buf()
}

pub(crate) fn bind(source: &Path, point: &Path) {
    std::fs::create_dir_all(point).unwrap();
    mount(
        Some(source),
        point,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .unwrap();
}

pub(crate) fn overlay(layer: &Path) -> PathBuf {
    for name in ["lower", "diff", "work", "merged"] {
        std::fs::create_dir_all(layer.join(name)).unwrap();
    }
    let l = layer.display();
    let options = format!("lowerdir={l}/lower,upperdir={l}/diff,workdir={l}/work");
    mount(
        Some("overlay"),
        &layer.join("merged"),
        Some("overlay"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .unwrap();
    layer.join("merged")
}

pub(crate) fn unmount(point: &Path) {
    umount2(point, MntFlags::UMOUNT_NOFOLLOW).unwrap();
}

pub(crate) fn table() -> MountTable {
    rootmount::live_table().unwrap()
}

/// The mount points at or below a path, as the kernel has them now.
pub(crate) fn points(below: &Path) -> Vec<PathBuf> {
    table()
        .under(below)
        .map(|row| row.mount_point().into_owned())
        .collect()
}

pub(crate) fn id(n: usize) -> String {
    format!("{n:064x}")
}

/// A data root with nothing in it.
pub(crate) fn data_root(base: &Path) -> PathBuf {
    let root = base.join("docker");
    std::fs::create_dir_all(&root).unwrap();
    root
}

pub(crate) fn shm(root: &Path, n: usize) -> PathBuf {
    tmpfs(&root.join("containers").join(id(n)).join("mounts/shm"))
}

pub(crate) fn sweep(root: &Path) -> CleanupPlan {
    plan(&table(), &Rules::sweep(), &PlanOptions::new(root)).unwrap()
}

/// Options that do not wait long for a busy mount.
pub(crate) fn options() -> ExecuteOptions {
    let mut options = ExecuteOptions::new();
    options.busy_retries = 1;
    options
}

pub(crate) fn name(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

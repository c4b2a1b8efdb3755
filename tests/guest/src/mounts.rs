//! The guest's file systems.

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, mount, mount_bind, mount_move};
use std::path::Path;

/// Type, mount point, options.
const TABLE: &[(&str, &str, &str)] = &[
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", "mode=755"),
    ("devpts", "/dev/pts", "ptmxmode=666"),
    ("tmpfs", "/dev/shm", "mode=1777"),
    ("tmpfs", "/run", "mode=755"),
    ("tmpfs", "/tmp", "mode=1777"),
    ("tmpfs", "/var", "mode=755"),
    ("cgroup2", "/sys/fs/cgroup", ""),
];

/// Makes the root a mount that `pivot_root` accepts.
///
/// The initial root has no parent mount, so `pivot_root` in it gives EINVAL
/// on most kernels and no OCI runtime could work. A bind mount of it moved over it has one.
pub(crate) fn leave_rootfs() -> Result<()> {
    std::fs::create_dir_all("/.root")?;
    mount_bind("/", "/.root").context("binding / on /.root")?;
    std::env::set_current_dir("/.root")?;
    mount_move(".", "/").context("moving /.root over /")?;
    rustix::process::chroot(".").context("entering the new root")?;
    std::env::set_current_dir("/")?;
    Ok(())
}

/// Mounts all of the table.
pub(crate) fn mount_all() -> Result<()> {
    for (kind, point, options) in TABLE {
        std::fs::create_dir_all(Path::new(point)).with_context(|| format!("making {point}"))?;
        let options = std::ffi::CString::new(*options).expect("a table without NUL bytes");
        mount(
            *kind,
            *point,
            *kind,
            MountFlags::empty(),
            options.as_c_str(),
        )
        .with_context(|| format!("mounting {kind} on {point}"))?;
    }
    for directory in ["/root", "/var/lib", "/var/tmp", "/run/lock"] {
        std::fs::create_dir_all(directory).with_context(|| format!("making {directory}"))?;
    }
    Ok(())
}

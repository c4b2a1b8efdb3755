//! Mounts to look at.

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use std::ffi::CString;
use std::path::{Path, PathBuf};

/// Makes the directory and mounts a tmpfs on it.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn tmpfs(point: &Path) {
    std::fs::create_dir_all(point).unwrap_or_else(|error| panic!("{}: {error}", point.display()));
    mount("tmpfs", point, "tmpfs", MountFlags::empty(), c"mode=755")
        .unwrap_or_else(|errno| panic!("tmpfs on {}: {errno}", point.display()));
}

/// Makes the directory and binds `source` on it.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn bind(source: &Path, point: &Path) {
    std::fs::create_dir_all(point).unwrap_or_else(|error| panic!("{}: {error}", point.display()));
    mount_bind(source, point)
        .unwrap_or_else(|errno| panic!("{} on {}: {errno}", source.display(), point.display()));
}

/// Changes the propagation of one mount.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn propagation(point: &Path, flags: MountPropagationFlags) {
    mount_change(point, flags)
        .unwrap_or_else(|errno| panic!("{flags:?} for {}: {errno}", point.display()));
}

/// An overlay as a container daemon mounts it: `<dir>/{diff,work,merged}`
/// over lower layers `<dir>/lower-<n>`; gives `merged`.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn overlay(directory: &Path, layers: usize) -> PathBuf {
    let layer = |n: usize| directory.join(format!("lower-{n}"));
    let made = (0..layers)
        .map(layer)
        .chain(["diff", "work", "merged"].map(|name| directory.join(name)));
    for path in made {
        std::fs::create_dir_all(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let lower: Vec<String> = (0..layers)
        .map(|n| layer(n).display().to_string())
        .collect();
    let options = format!(
        "lowerdir={},upperdir={d}/diff,workdir={d}/work",
        lower.join(":"),
        d = directory.display()
    );
    let merged = directory.join("merged");
    let options = CString::new(options).expect("a path has no NUL");
    mount(
        "overlay",
        &merged,
        "overlay",
        MountFlags::empty(),
        options.as_c_str(),
    )
    .unwrap_or_else(|errno| panic!("overlay on {}: {errno}", merged.display()));
    merged
}

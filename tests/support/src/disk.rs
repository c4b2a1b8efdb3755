//! File systems on a block device, as a host has them: what tmpfs and overlay do not show.
//!
//! Each is new and empty, lies on a loop device over a file in memory, and is mounted in the
//! caller's mount namespace only, so it goes with the test. Call these inside
//! [`crate::namespace::isolated`].

use crate::container::succeed;
use crate::guest;
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use std::ffi::CString;
use std::path::{Path, PathBuf};

/// Where [`ext4`] is mounted.
pub const EXT4: &str = "/disk/ext4";
/// Where [`btrfs`] is mounted.
pub const BTRFS: &str = "/disk/btrfs";

/// Bytes of a new file system; what is not written to takes no memory. btrfs wants 110 MB.
const SIZE: u64 = 192 << 20;

/// A new ext4 with a journal, mounted on [`EXT4`]; `None` where the kernel has no ext4 or the
/// guest nothing to make one.
///
/// # Panics
/// Outside a test VM, or if it cannot be made for another reason.
#[track_caller]
#[must_use]
pub fn ext4() -> Option<PathBuf> {
    fresh("ext4", EXT4, "/sbin/mke2fs", &["-q", "-F", "-t", "ext4"])
}

/// A new btrfs, mounted on [`BTRFS`]; `None` as for [`ext4`].
///
/// # Panics
/// As [`ext4`].
#[track_caller]
#[must_use]
pub fn btrfs() -> Option<PathBuf> {
    fresh("btrfs", BTRFS, "/sbin/mkfs.btrfs", &["-q"])
}

/// Makes a subvolume in a btrfs.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn subvolume(path: &Path) {
    let path = path.to_str().expect("a test's path");
    succeed(Path::new("/bin/btrfs"), &["subvolume", "create", path]);
}

/// Mounts a subvolume of the btrfs on `disk`, by its path in there, on `point`: its row's root
/// (field 4 of the mount table) is then not `/`.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn mount_subvolume(disk: &Path, name: &str, point: &Path) {
    std::fs::create_dir_all(point).unwrap_or_else(|error| panic!("{}: {error}", point.display()));
    let device = device_of(disk);
    let options = CString::new(format!("subvol={name}")).expect("a test's path");
    mount(
        &device,
        point,
        "btrfs",
        MountFlags::empty(),
        options.as_c_str(),
    )
    .unwrap_or_else(|errno| panic!("{device} subvol={name} on {}: {errno}", point.display()));
}

/// The device of what [`ext4`] or [`btrfs`] mounted.
///
/// # Panics
/// If nothing is mounted there.
#[track_caller]
#[must_use]
pub fn device_of(disk: &Path) -> String {
    let table = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("a mount table");
    let row = table
        .lines()
        .rfind(|row| row.split(' ').nth(4).map(Path::new) == Some(disk));
    let source = row.and_then(|row| row.split_once(" - ")?.1.split(' ').nth(1));
    let source = source.unwrap_or_else(|| panic!("{} is not mounted", disk.display()));
    source.to_owned()
}

#[track_caller]
fn fresh(kind: &str, point: &str, maker: &str, words: &[&str]) -> Option<PathBuf> {
    guest::require();
    if !Path::new(maker).exists() || !is_known(kind) {
        return None;
    }
    let image = Path::new("/tmp").join(format!("{kind}.{}", std::process::id()));
    let file = std::fs::File::create(&image).and_then(|file| file.set_len(SIZE));
    file.unwrap_or_else(|error| panic!("{}: {error}", image.display()));
    let name = image.to_str().expect("made above");
    succeed(Path::new(maker), &[words, &[name]].concat());
    std::fs::create_dir_all(point).unwrap_or_else(|error| panic!("{point}: {error}"));
    // busybox sets the loop device up so that the last unmount frees it.
    succeed(
        Path::new("/bin/busybox"),
        &["mount", "-t", kind, "-o", "loop", name, point],
    );
    // The device has it open.
    std::fs::remove_file(&image).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(PathBuf::from(point))
}

/// Whether the kernel has this file system and loop devices, built in or as modules.
fn is_known(kind: &str) -> bool {
    // The kernel loads the module, then finds that there is no such device.
    let missing = mount("", "/tmp", kind, MountFlags::empty(), c"") == Err(Errno::NODEV);
    !missing && Path::new("/dev/loop-control").exists()
}

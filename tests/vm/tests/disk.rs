//! The file systems that the guest lends to tests are what they claim to be.

#![allow(clippy::unwrap_used)] // a panic is the report

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use mountscan::MountTable;
use rustix::fs::statfs;
use support::disk;
use support::namespace::isolated;

const EXT4_MAGIC: i64 = 0xef53;
const BTRFS_MAGIC: i64 = 0x9123_683e;

/// Twice, as two tests would: the second finds nothing of the first.
fn new_each_time(make: fn() -> Option<PathBuf>, magic: i64) {
    for _ in 0..2 {
        isolated(|| {
            let place = make().expect("each kernel of the matrix has it");
            assert_eq!(statfs(&place).unwrap().f_type, magic);
            assert!(!place.join("mine").exists(), "left by an earlier one");
            std::fs::write(place.join("mine"), vec![7; 1 << 20]).unwrap();
            assert_eq!(std::fs::read(place.join("mine")).unwrap().len(), 1 << 20);
        });
    }
    // The kernel takes a namespace down behind the back of the thread that left it.
    let end = Instant::now() + Duration::from_secs(20);
    while let Some(device) = busy_device() {
        assert!(Instant::now() < end, "{} stays in use", device.display());
        sleep(Duration::from_millis(10));
    }
}

fn busy_device() -> Option<PathBuf> {
    let devices = Path::new("/sys/block").read_dir().unwrap();
    let mut devices = devices.map(|device| device.unwrap().path());
    devices.find(|device| device.join("loop/backing_file").exists())
}

#[test]
#[ignore = "vm: mounts a loop device"]
fn ext4_is_real_and_new() {
    new_each_time(disk::ext4, EXT4_MAGIC);
}

#[test]
#[ignore = "vm: mounts a loop device"]
fn btrfs_is_real_and_new() {
    new_each_time(disk::btrfs, BTRFS_MAGIC);
}

#[test]
#[ignore = "vm: mounts a loop device"]
fn a_subvolume_has_a_root_of_its_own() {
    isolated(|| {
        let place = disk::btrfs().expect("each kernel of the matrix has it");
        disk::subvolume(&place.join("@"));
        let point = Path::new("/disk/at");
        disk::mount_subvolume(&place, "@", point);
        let table = MountTable::current().unwrap();
        let row = table.topmost(point).unwrap();
        assert_eq!(row.root(), Path::new("/@"));
        // The row names another device number than stat does: btrfs gives each subvolume one.
        assert_ne!(
            std::fs::metadata(point).unwrap().dev(),
            std::fs::metadata(&place).unwrap().dev()
        );
    });
}

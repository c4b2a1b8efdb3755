//! rootmount on real kernels: races that take long, and real disks. The rest are the
//! crate's own tests.

#![allow(clippy::unwrap_used)] // a panic in a test is the report

use std::fs::rename;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rootmount::{
    DataRootOptions, ExecuteOptions, MountLife, Outcome, Ownership, PlanOptions, PrepareAction,
    RECORD_NAME, Released, RootOutcome, Rules, SelfBind, execute, live_table, plan, prepare,
    release, status,
};
use rustix::mount::mount_bind;
use support::namespace::isolated;
use support::{disk, scene, skip};

/// Leftovers of one clean-up; each is a try of its own.
const LEFTOVERS: usize = 20;
/// Clean-ups of each of the two races: ten thousand tries in all.
const ROUNDS: usize = 250;

/// Ends the other thread also when this one panics.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A data root with places for leftovers, and victims outside with the same inner paths.
struct Scene {
    root: PathBuf,
    outside: PathBuf,
    inner: Vec<PathBuf>,
}

impl Scene {
    fn make(name: &str, inner: impl Fn(&str) -> String) -> Scene {
        let top = Path::new("/tmp/races").join(name);
        scene::tmpfs(&top);
        let (root, outside) = (top.join("docker"), top.join("outside"));
        let place = |n| PathBuf::from(inner(&format!("{n:064x}")));
        let inner: Vec<PathBuf> = (0..LEFTOVERS).map(place).collect();
        for inner in &inner {
            std::fs::create_dir_all(root.join(inner)).unwrap();
            scene::tmpfs(&outside.join(inner));
        }
        let scene = Scene {
            root,
            outside,
            inner,
        };
        scene.mark();
        scene
    }

    /// A file on each victim, which is there as long as the victim is.
    fn mark(&self) {
        for inner in &self.inner {
            std::fs::write(self.outside.join(inner).join("victim"), "").unwrap();
        }
    }

    /// Cleans up again and again while a directory is renamed away and a link to the
    /// same one outside is put in its place. How many leftovers were unmounted.
    fn race(&self, directory: &str) -> usize {
        let from = self.root.join(directory);
        let (away, link) = (self.root.join("away"), self.root.join("link"));
        std::os::unix::fs::symlink(self.outside.join(directory), &link).unwrap();
        let (stop, turn) = (AtomicBool::new(false), Mutex::new(()));
        let swap = || {
            while !stop.load(Ordering::Relaxed) {
                let _whole = turn.lock().unwrap();
                for (old, new) in [
                    (&from, &away),
                    (&link, &from),
                    (&from, &link),
                    (&away, &from),
                ] {
                    rename(old, new).unwrap();
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(swap);
            let _guard = StopOnDrop(&stop);
            (0..ROUNDS).map(|_| self.round(&turn)).sum()
        })
    }

    /// One clean-up with the race on, and how many leftovers it got.
    fn round(&self, turn: &Mutex<()>) -> usize {
        let plan = {
            let _whole = turn.lock().unwrap();
            let before = live_table().unwrap();
            let places = self.inner.iter().map(|inner| self.root.join(inner));
            places
                .filter(|p| before.topmost(p).is_none())
                .for_each(|p| scene::tmpfs(&p));
            let table = live_table().unwrap();
            plan(&table, &Rules::sweep(), &PlanOptions::new(&self.root)).unwrap()
        };
        assert_eq!(plan.steps().len(), LEFTOVERS);
        let report = execute(&plan, &ExecuteOptions::new()).unwrap();
        let is_there = |inner: &PathBuf| self.outside.join(inner).join("victim").exists();
        assert!(
            self.inner.iter().all(is_there),
            "unmounted outside: {report}"
        );
        report
            .steps()
            .iter()
            .filter(|s| s.outcome == Outcome::Unmounted)
            .count()
    }
}

#[test]
#[ignore = "vm: five thousand races for a directory far above (limit 600 s)"]
fn races_above_unmount_nothing_outside() {
    isolated(|| {
        let scene = Scene::make("above", |id| format!("containers/{id}/mounts/shm"));
        assert!(scene.race("containers") > 0, "the clean-up never won");
    });
}

#[test]
#[ignore = "vm: five thousand races for the directory itself (limit 600 s)"]
fn races_for_the_parent_unmount_nothing_outside() {
    isolated(|| {
        let scene = Scene::make("parent", |id| format!("rootfs/overlayfs/{id}"));
        assert!(scene.race("rootfs/overlayfs") > 0, "the clean-up never won");
    });
}

/// Binds a root onto itself and takes it away again, with a record and with moby's marker.
fn owned_and_released(root: &Path, shows: &str) {
    let options = DataRootOptions::new(root, "/tmp/exec");
    assert_eq!(prepare(&options).unwrap().action, PrepareAction::Bound);
    let now = status(&options).unwrap();
    assert_eq!(now.ownership, Ownership::Ours);
    assert_eq!(now.self_bind, SelfBind::Yes);
    assert_eq!(now.holder.shows, Path::new(shows));
    assert_eq!(release(&options).unwrap(), Released::Unmounted);
    // What moby leaves: the bind, shared, and an empty file.
    assert_eq!(prepare(&options).unwrap().action, PrepareAction::Bound);
    std::fs::write(options.exec_root.join(RECORD_NAME), "").unwrap();
    std::fs::remove_file(root.join(".unmount-on-shutdown")).unwrap();
    assert_eq!(status(&options).unwrap().ownership, Ownership::Moby);
    assert_eq!(release(&options).unwrap(), Released::Unmounted);
    assert_eq!(status(&options).unwrap().ownership, Ownership::Unrecorded);
}

#[test]
#[ignore = "vm: btrfs subvolumes on a block device"]
fn a_root_on_a_btrfs_subvolume_is_owned_swept_and_released() {
    isolated(|| {
        let Some(disk) = disk::btrfs() else {
            return skip::skip("no btrfs");
        };
        disk::subvolume(&disk.join("@"));
        std::fs::create_dir_all(disk.join("@/var")).unwrap();
        disk::subvolume(&disk.join("@/var/docker"));
        let host = Path::new("/tmp/host");
        disk::mount_subvolume(&disk, "@", host);
        // A directory of the mounted subvolume that is a subvolume, and one that is not one.
        std::fs::create_dir(host.join("plain")).unwrap();
        owned_and_released(&host.join("plain"), "/@/plain");
        let root = host.join("var/docker");
        owned_and_released(&root, "/@/var/docker");
        // A layer of the btrfs driver, mounted as a container's root filesystem.
        let layer = root.join("btrfs/subvolumes").join(format!("{:064x}", 1));
        std::fs::create_dir_all(layer.parent().unwrap()).unwrap();
        disk::subvolume(&layer);
        mount_bind(&layer, &layer).unwrap();
        let planned = plan(
            &live_table().unwrap(),
            &Rules::sweep(),
            &PlanOptions::new(&root),
        );
        let report = execute(&planned.unwrap(), &ExecuteOptions::new()).unwrap();
        assert!(report.is_clean() && report.steps().len() == 1, "{report}");
        assert_eq!(report.steps()[0].step.rule, "btrfs/subvolumes/<id>");
        // The root may itself be where a subvolume is mounted: the administrator's.
        let own = Path::new("/tmp/own");
        disk::mount_subvolume(&disk, "@/var/docker", own);
        let options = DataRootOptions::new(own, "/tmp/exec");
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::MadeShared);
        assert!(matches!(release(&options).unwrap(), Released::NotOurs(_)));
    });
}

#[test]
#[ignore = "vm: an ext4 disk below the data root"]
fn a_disk_below_the_root_stays_through_a_whole_life() {
    isolated(|| {
        let Some(disk) = disk::ext4() else {
            return skip::skip("no ext4");
        };
        let root = Path::new("/tmp/docker");
        let volumes = root.join("volumes");
        std::fs::create_dir_all(&volumes).unwrap();
        mount_bind(&disk, &volumes).unwrap();
        std::fs::write(volumes.join("data"), "kept").unwrap();
        let options = DataRootOptions::new(root, "/tmp/exec");
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::Bound);
        assert_eq!(std::fs::read(volumes.join("data")).unwrap(), b"kept");
        // A container whose layer is on the disk, killed in the middle of a write.
        let merged = root
            .join("overlay2")
            .join(format!("{:064x}", 1))
            .join("merged");
        let (upper, work) = (volumes.join("upper"), volumes.join("work"));
        for directory in [&merged, &upper, &work] {
            std::fs::create_dir_all(directory).unwrap();
        }
        let layers = format!(
            "lowerdir=/etc,upperdir={},workdir={}",
            upper.display(),
            work.display()
        );
        let layers = std::ffi::CString::new(layers).unwrap();
        let none = rustix::mount::MountFlags::empty();
        rustix::mount::mount("overlay", &merged, "overlay", none, layers.as_c_str()).unwrap();
        let held = std::fs::File::create(merged.join("written")).unwrap();
        let owner = status(&options).unwrap().ownership;
        let cleanup = PlanOptions::new(root).release(owner);
        let planned = plan(&live_table().unwrap(), &Rules::sweep(), &cleanup).unwrap();
        let mut execution = ExecuteOptions::new();
        execution.data_root = Some(options.clone());
        let report = execute(&planned, &execution).unwrap();
        assert_eq!(report.steps()[0].outcome.as_str(), "detached", "{report}");
        assert_eq!(
            *report.root(),
            RootOutcome::Released { lazily: true },
            "{report}"
        );
        assert_eq!(report.steps()[0].life(), Some(MountLife::Detached));
        drop(held);
        for life in [&|| report.steps()[0].life(), &|| report.root_life()] as [&dyn Fn() -> _; 2] {
            let end = Instant::now() + Duration::from_secs(30);
            while life() != Some(MountLife::Gone) {
                assert!(Instant::now() < end, "{:?}: {report}", life());
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // The administrator's mount is the one that it was, and the data are in it.
        assert_eq!(live_table().unwrap().under(root).len(), 1);
        assert_eq!(std::fs::read(volumes.join("data")).unwrap(), b"kept");
        assert!(upper.join("written").exists());
    });
}

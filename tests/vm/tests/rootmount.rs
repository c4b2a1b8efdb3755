//! rootmount on real kernels: races that take long. The rest are the crate's own tests.

#![allow(clippy::unwrap_used)] // a panic in a test is the report

use std::fs::rename;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rootmount::{ExecuteOptions, Outcome, PlanOptions, Rules, execute, live_table, plan};
use support::namespace::isolated;
use support::scene;

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

//! rootmount on real kernels: races that take long. The rest are the crate's own tests.

#![allow(clippy::unwrap_used)] // a panic in a test is the report
#![allow(clippy::print_stderr)] // as is what an abort cannot say

use std::fs::rename;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rootmount::{ExecuteOptions, Outcome, PlanOptions, Rules, execute, live_table, plan};
use support::namespace::isolated;
use support::scene;

/// Each of the two races; ten thousand in all.
const TRIES: usize = 5_000;

/// A data root with a place for a leftover, a victim outside of it with the same
/// inner path, and links to the victim inside.
struct Scene {
    root: PathBuf,
    victim: PathBuf,
    place: PathBuf,
}

impl Scene {
    fn make() -> Scene {
        let top = Path::new("/tmp/races");
        scene::tmpfs(top);
        let root = top.join("docker");
        let inner = Path::new("containers")
            .join("a".repeat(64))
            .join("mounts/shm");
        let victim = top.join("victim").join(&inner);
        scene::tmpfs(&victim);
        let place = root.join(&inner);
        std::fs::create_dir_all(&place).unwrap();
        Scene {
            root,
            victim,
            place,
        }
    }

    /// Cleans up again and again while `from` is renamed away and a link to `target`
    /// is put in its place. How often the leftover was unmounted.
    fn race(&self, from: &Path, target: &Path) -> usize {
        let (away, link) = (self.root.join("away"), self.root.join("link"));
        std::os::unix::fs::symlink(target, &link).unwrap();
        let (stop, turn) = (AtomicBool::new(false), Mutex::new(()));
        let swap = || {
            while !stop.load(Ordering::Relaxed) {
                let _whole = turn.lock().unwrap();
                for (old, new) in [
                    (from, &*away),
                    (&*link, from),
                    (from, &*link),
                    (&*away, from),
                ] {
                    rename(old, new).unwrap();
                }
            }
        };
        let victim = victim_id(&self.victim);
        let gone = std::thread::scope(|scope| {
            scope.spawn(swap);
            let gone = (0..TRIES).filter(|_| self.attempt(&turn, victim)).count();
            stop.store(true, Ordering::Relaxed);
            gone
        });
        std::fs::remove_file(link).unwrap();
        gone
    }

    /// One clean-up with the race on; whether it got the leftover.
    fn attempt(&self, turn: &Mutex<()>, victim: u64) -> bool {
        let plan = {
            let _whole = turn.lock().unwrap();
            let table = live_table().unwrap();
            if table.topmost(&self.place).is_none() {
                scene::tmpfs(&self.place);
            }
            let table = live_table().unwrap();
            plan(&table, &Rules::sweep(), &PlanOptions::new(&self.root)).unwrap()
        };
        let mut options = ExecuteOptions::new();
        options.busy_retries = 20;
        let report = execute(&plan, &options).unwrap();
        // A process that panics ends the other thread too: this one must not wait for it.
        if victim_id(&self.victim) != victim {
            eprintln!("unmounted outside: {report}");
            std::process::abort();
        }
        report
            .steps()
            .iter()
            .any(|s| s.outcome == Outcome::Unmounted)
    }
}

/// The device of what is mounted there: a tmpfs of its own as long as it is.
fn victim_id(victim: &Path) -> u64 {
    rustix::fs::lstat(victim).unwrap().st_dev
}

#[test]
#[ignore = "vm: ten thousand races (limit 300 s)"]
fn ten_thousand_races_unmount_nothing_outside() {
    isolated(|| {
        let scene = Scene::make();
        let outside = scene.victim.ancestors().nth(3).unwrap().to_path_buf();
        let containers = scene.root.join("containers");
        let first = scene.race(&containers, &outside);
        // One directory further down.
        let container = scene.place.ancestors().nth(2).unwrap();
        let second = scene.race(container, scene.victim.ancestors().nth(2).unwrap());
        assert!(
            first > 0 && second > 0,
            "the clean-up never won: {first}, {second}"
        );
    });
}

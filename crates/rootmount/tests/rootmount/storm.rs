//! Sweeps in a storm: another thread changes the table without a pause, at the very places that
//! are swept. Each leftover goes, and the mount of the container that is kept stays.
//!
//! `ROOTMOUNT_STORM=N` makes N times as many sweeps: 60 for the count of 3 000 by each storm. In a
//! VM the processor is emulated, so there are fewer.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rootmount::{PlanOptions, Rules, execute, plan};
use support::guest::is_guest;

use crate::mounts::*;

const SWEEPS: usize = 50;
const SWEEPS_EMULATED: usize = 4;

/// The container that is kept, and the one that has died.
const KEPT: usize = 1;
const LEFT: usize = 2;

fn sweeps() -> usize {
    let times = std::env::var("ROOTMOUNT_STORM").ok();
    let times: usize = times.map_or(1, |times| times.parse().expect("a number of times"));
    let once = match is_guest() {
        true => SWEEPS_EMULATED,
        false => SWEEPS,
    };
    once * times
}

fn point_of(root: &Path, container: usize) -> PathBuf {
    let directory = root.join("containers").join(id(container));
    directory.join("mounts/shm")
}

/// A tmpfs that is known by its source. ENOENT: what the path led to was detached meanwhile.
fn named(source: &str, point: &Path) {
    let none = None::<&str>;
    let once = || mount(Some(source), point, Some("tmpfs"), MsFlags::empty(), none);
    let tries = std::iter::repeat_with(once).take(1000);
    let mut others = tries.skip_while(|tried| *tried == Err(Errno::ENOENT));
    others.next().expect("one of many tries").unwrap();
}

fn gone(point: &Path) {
    umount2(point, MntFlags::MNT_DETACH).unwrap();
}

/// How many mounts have this source, wherever they lie.
fn count(source: &str) -> usize {
    let table = table();
    table
        .rows()
        .filter(|row| row.source() == OsStr::new(source))
        .count()
}

/// A data root whose mounts are a slave's of `master`, and have both points.
fn slave_of(base: &Path) -> (PathBuf, PathBuf) {
    let master = tmpfs(&base.join("master"));
    for container in [KEPT, LEFT] {
        std::fs::create_dir_all(point_of(&master, container)).unwrap();
    }
    shared(&master);
    let root = base.join("docker");
    bind(&master, &root);
    let none = None::<&str>;
    mount(none, &root, none, MsFlags::MS_SLAVE, none).unwrap();
    (master, root)
}

/// Ends the storm, also if a sweep panics.
struct End<'s>(&'s AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sweeps while the change goes on. Each sweep has a new leftover.
fn sweep_beside(root: &Path, change: impl Fn() + Send + Sync) {
    named("kept", &point_of(root, KEPT));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                change();
            }
        });
        let _end = End(&stop);
        std::thread::sleep(Duration::from_millis(2));
        let (mut left, mut touched, mut lost) = (0, 0, 0);
        for number in 0..sweeps() {
            let source = format!("left-{number}");
            named(&source, &point_of(root, LEFT));
            touched += usize::from(!sweep_spares_the_kept(root));
            left += usize::from(count(&source) != 0);
            lost += usize::from(count("kept") != 1);
        }
        let sweeps = sweeps();
        assert_eq!(
            (left, touched, lost),
            (0, 0, 0),
            "of {sweeps} sweeps: leftovers that stayed, plans with the kept mount, kept mounts lost"
        );
    });
    assert_eq!(count("kept"), 1);
}

/// One sweep; false if the plan had a mount of the container that is kept.
fn sweep_spares_the_kept(root: &Path) -> bool {
    let options = PlanOptions::new(root).keep([OsString::from(id(KEPT))]);
    let plan = plan(&table(), &Rules::sweep(), &options).unwrap();
    let kept = root.join("containers").join(id(KEPT));
    let mut steps = plan.steps().iter();
    let spares = !steps.any(|step| step.mount.mount_point.starts_with(&kept));
    execute(&plan, &options_of_storm()).unwrap();
    spares
}

fn options_of_storm() -> rootmount::ExecuteOptions {
    let mut options = options();
    options.parallel_from = 2;
    options
}

#[test]
fn copies_that_come_beneath_do_not_mislead_a_sweep() {
    isolated(|base| {
        let (master, root) = slave_of(base);
        sweep_beside(&root, || {
            for container in [KEPT, LEFT] {
                named("quick", &point_of(&master, container));
                gone(&point_of(&master, container));
            }
        });
    });
}

#[test]
fn mounts_that_move_do_not_mislead_a_sweep() {
    isolated(|base| {
        let root = data_root(base);
        for container in [KEPT, LEFT] {
            std::fs::create_dir_all(point_of(&root, container)).unwrap();
        }
        let (here, there) = (point_of(&root, KEPT), base.join("there"));
        std::fs::create_dir(&there).unwrap();
        let none = None::<&str>;
        let moved = |from: &Path, to: &Path| {
            mount(Some(from), to, none, MsFlags::MS_MOVE, none).unwrap();
        };
        sweep_beside(&root, || {
            moved(&here, &there);
            named("quick", &here);
            gone(&here);
            moved(&there, &here);
        });
    });
}

#[test]
fn directories_that_are_renamed_do_not_mislead_a_sweep() {
    isolated(|base| {
        let root = data_root(base);
        for container in [KEPT, LEFT] {
            std::fs::create_dir_all(point_of(&root, container)).unwrap();
        }
        let (one, other) = (root.join("containers").join(id(KEPT)), base.join("other"));
        sweep_beside(&root, || {
            std::fs::rename(&one, &other).unwrap();
            std::fs::rename(&other, &one).unwrap();
        });
    });
}

on_every_kernel! {
    copies_that_come_beneath_do_not_mislead_a_sweep
    mounts_that_move_do_not_mislead_a_sweep
    directories_that_are_renamed_do_not_mislead_a_sweep
}

//! mountscan on real kernels.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a failure says enough; counts are for the log

use mountscan::{
    Consistency, Detail, Event, KernelQueries, MountTable, ReadOptions, Refresh, Source,
    WatchOptions, WatchRoute, Watcher, holders, identity_at, is_mount_point, mount_point_at,
};
use rootmount::{ExecuteOptions, Outcome, PlanOptions, Rules, live_table};
use rustix::mount::{MountPropagationFlags, UnmountFlags};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::kernel::{expect_since, since};
use support::namespace::isolated;
use support::scene;

#[test]
#[ignore = "vm: needs root in a guest"]
fn stacked_shared_and_overlay_mounts_are_seen_as_they_are() {
    isolated(|| {
        let top = Path::new("/tmp/scene");
        scene::tmpfs(top);
        let merged = scene::overlay(&top.join("layer"), 3);
        scene::tmpfs(&top.join("stack"));
        scene::tmpfs(&top.join("stack"));
        scene::bind(top, &top.join("again"));
        scene::propagation(&top.join("again"), MountPropagationFlags::SHARED);

        let table = MountTable::current().unwrap();
        assert_eq!(table.malformed_count(), 0);
        let stack = table.at(&top.join("stack"));
        assert_eq!(stack.len(), 2);
        assert_eq!(stack[1].parent_id(), stack[0].mount_id());
        let overlay = table.topmost(&merged).unwrap();
        assert_eq!(&*overlay.fs_type(), "overlay");
        assert!(
            table
                .topmost(&top.join("again"))
                .unwrap()
                .shared()
                .is_some()
        );
        assert!(table.topmost(top).unwrap().shared().is_none());
        assert_eq!(table.under(top).len(), 5);
    });
}

fn with_ids() -> MountTable {
    let mut options = ReadOptions::new();
    options.unique_ids = true;
    MountTable::read(Source::Thread, &options).unwrap()
}

#[test]
#[ignore = "vm: answers of each kernel"]
fn the_kernel_is_asked_for_what_it_can_answer() {
    isolated(|| {
        let can = KernelQueries::probe();
        expect_since(6, 8, "list of mounts", can >= KernelQueries::Ids);
        expect_since(
            6,
            11,
            "lists of other namespaces",
            can >= KernelQueries::Namespaces,
        );
        expect_since(6, 13, "rows", can >= KernelQueries::Rows);
        let mut options = WatchOptions::new();
        options.route = Some(WatchRoute::Fanotify);
        expect_since(6, 15, "mount events", Watcher::open(&options).is_ok());
        let table = with_ids();
        assert_eq!(table.has_unique_ids(), since(6, 8));
        assert_eq!(table.to_bytes(), MountTable::current().unwrap().to_bytes());
    });
}

#[test]
#[ignore = "vm: mounts of every propagation, seen by every route"]
fn every_route_gives_the_same_rows() {
    isolated(|| {
        let top = Path::new("/tmp/scene");
        scene::tmpfs(top);
        scene::overlay(&top.join("layer"), 3);
        for (name, flags) in [
            ("shared", MountPropagationFlags::SHARED),
            ("unbindable", MountPropagationFlags::UNBINDABLE),
        ] {
            scene::tmpfs(&top.join(name));
            scene::propagation(&top.join(name), flags);
        }
        scene::bind(&top.join("shared"), &top.join("slave"));
        scene::propagation(&top.join("slave"), MountPropagationFlags::DOWNSTREAM);
        scene::tmpfs(&top.join("stack"));
        scene::tmpfs(&top.join("stack"));
        let whole = MountTable::current().unwrap();
        let under = MountTable::under_now(top, Detail::Everything).unwrap();
        let rows = |table: &MountTable| String::from_utf8(table.to_bytes()).unwrap();
        let want: String = whole
            .under(top)
            .map(|row| format!("{}\n", String::from_utf8_lossy(row.as_bytes())))
            .collect();
        assert_eq!(rows(&under), want);
        let file = File::open("/proc/thread-self/ns/mnt").unwrap();
        let other = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    MountTable::read(Source::Namespace(file.as_fd()), &ReadOptions::new()).unwrap()
                })
                .join()
                .unwrap()
        });
        assert_eq!(rows(&other), rows(&whole));
        for row in whole.under(top).filter(|row| !whole.is_hidden(*row)) {
            let point = row.mount_point();
            assert!(is_mount_point(&point).unwrap());
            let found = mount_point_at(&point).unwrap().unwrap();
            assert_eq!(
                (found.mount_id, &found.source),
                (row.mount_id(), &row.source().into_owned())
            );
            let identity = identity_at(rustix::fs::CWD, &point).unwrap();
            assert_eq!(identity.mount_id, Some(row.mount_id()));
            assert_eq!(identity.unique_id.is_some(), since(6, 8));
        }
    });
}

#[test]
#[ignore = "vm: a copy in another namespace keeps a mount"]
fn a_copy_in_another_namespace_is_a_holder() {
    isolated(|| {
        let point = Path::new("/tmp/held");
        scene::tmpfs(point);
        let mount = mount_point_at(point).unwrap().unwrap();
        // A namespace made now has a copy of it, and stays as long as its one thread.
        isolated(|| {
            rustix::mount::unmount("/tmp/held", UnmountFlags::empty()).unwrap();
            let found = holders(&mount, &Default::default()).unwrap();
            let other: Vec<_> = found
                .namespaces
                .iter()
                .filter(|namespace| !namespace.is_own)
                .collect();
            assert_eq!(other.len(), 1, "{found:?}");
            assert_eq!(other[0].mounts[0].mount_point, point);
            assert_eq!(other[0].processes[0].pid, std::process::id());
            assert!(found.namespaces.iter().all(|namespace| !namespace.is_own));
        });
    });
}

const CHURNERS: usize = 8;
const PATHS_EACH: usize = 12;
const STABLE: usize = 60;

/// How long each churn goes on, `MOUNT_CHURN_SECONDS` or a few seconds. A minute for each kernel:
/// `cargo xtask vm --test under_churn --env MOUNT_CHURN_SECONDS=60 --keep-going`.
fn churn_time() -> Duration {
    let given = std::env::var("MOUNT_CHURN_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(5))
}

/// Mounts that stay, old and young, and mounts to be replaced.
fn set_up(top: &Path) {
    scene::tmpfs(top);
    for n in 0..STABLE / 2 {
        scene::tmpfs(&top.join(format!("stable/a{n}")));
    }
    for path in (0..CHURNERS).flat_map(|thread| paths(top, thread)) {
        scene::tmpfs(&path);
    }
    for n in 0..STABLE / 2 {
        scene::tmpfs(&top.join(format!("stable/b{n}")));
    }
}

/// Threads that each keep replacing one of their own paths while `look` looks on; how many were
/// replaced. Each path carries at most one mount, and only one of a thread's is away at a time.
fn churn(top: &Path, look: impl FnOnce()) -> usize {
    let (stop, replaced) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..CHURNERS {
            let (stop, replaced, paths) = (&stop, &replaced, paths(top, thread));
            scope.spawn(move || {
                for path in paths.iter().cycle() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    rustix::mount::unmount(path, UnmountFlags::DETACH).unwrap();
                    scene::tmpfs(path);
                    replaced.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(look));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = looked {
            std::panic::resume_unwind(panic);
        }
    });
    replaced.into_inner()
}

fn paths(top: &Path, thread: usize) -> Vec<PathBuf> {
    (0..PATHS_EACH)
        .map(|n| top.join(format!("churn/{thread}/{n}")))
        .collect()
}

/// What must hold of every table read under churn.
fn check_scan(table: &MountTable, top: &Path) {
    assert_eq!(table.malformed_count(), 0);
    for n in 0..STABLE / 2 {
        for side in ["a", "b"] {
            let path = top.join(format!("stable/{side}{n}"));
            assert_eq!(table.at(&path).len(), 1, "{path:?}");
        }
    }
    let mut absent = 0;
    for path in (0..CHURNERS).flat_map(|thread| paths(top, thread)) {
        let shown = table.at(&path).len();
        assert!(shown <= 1, "{path:?} is shown {shown} times");
        absent += usize::from(shown == 0);
    }
    // Asked about one by one, mounts that went meanwhile are absent, and the table says so.
    assert!(
        absent <= CHURNERS
            || table.has_unique_ids() && table.consistency() == Consistency::EveryStableMount,
        "{absent} paths are absent, at most {CHURNERS} can be"
    );
    let ids: BTreeSet<u32> = table.rows().map(|row| row.mount_id().0).collect();
    assert_eq!(ids.len(), table.len(), "an id is shown twice");
}

#[test]
#[ignore = "vm: eight threads replace mounts while tables are read (limit 300 s)"]
fn scans_under_churn_lose_no_stable_mount_and_double_none() {
    isolated(|| {
        let top = Path::new("/tmp/churn");
        let mut scans = HashMap::<&str, usize>::new();
        let mut one_moment = 0;
        set_up(top);
        let replaced = churn(top, || {
            let end = Instant::now() + churn_time();
            let mut held = with_ids();
            while Instant::now() < end {
                check_scan(&MountTable::current().unwrap(), top);
                *scans.entry("text").or_default() += 1;
                let listed = with_ids();
                check_scan(&listed, top);
                *scans.entry("with ids").or_default() += 1;
                if listed.consistency() == Consistency::OneMoment {
                    one_moment += 1;
                }
                if since(6, 13) {
                    assert!(listed.has_unique_ids());
                    check_scan(
                        &MountTable::under_now(top, Detail::Everything).unwrap(),
                        top,
                    );
                    *scans.entry("subtree").or_default() += 1;
                }
                held.refresh(Refresh::Existence).unwrap();
                check_scan(&held, top);
                *scans.entry("refresh").or_default() += 1;
            }
        });
        println!(
            "{replaced} mounts replaced, scans: {scans:?}, with ids of one moment: {one_moment}"
        );
        assert!(replaced > 0 && scans.values().all(|&count| count > 0));
    });
}

fn watch_churn(route: WatchRoute) {
    let top = Path::new("/tmp/churn");
    set_up(top);
    let mut options = WatchOptions::new();
    options.route = Some(route);
    let mut watch = Watcher::open(&options).unwrap();
    let mut live = members(watch.table(), top);
    let mut told = [0; 2];
    churn(top, || {
        let end = Instant::now() + churn_time();
        while Instant::now() < end {
            match watch.next_within(Duration::from_millis(50)).unwrap() {
                Some(Event::Attached(info)) if info.mount_point.starts_with(top.join("churn")) => {
                    let id = info.unique_id.map(|id| id.0);
                    let before = live.insert(info.mount_point.clone(), id);
                    assert!(before.is_none(), "attached twice: {info:?}");
                    told[0] += 1;
                }
                Some(Event::Detached(info)) if info.mount_point.starts_with(top.join("churn")) => {
                    let id = info.unique_id.map(|id| id.0);
                    let before = live.remove(&info.mount_point);
                    assert!(before.is_some(), "detached twice: {info:?}");
                    assert!(
                        !since(6, 13) || before == Some(id),
                        "another was there: {info:?}"
                    );
                    told[1] += 1;
                }
                Some(Event::Overflow) | None => {}
                Some(other) => panic!("nothing else changes: {other:?}"),
            }
        }
    });
    let soon = Duration::from_millis(200);
    while watch.next_within(soon).unwrap().is_some() {}
    let now = MountTable::current().unwrap();
    assert_eq!(watch.table().to_bytes(), now.to_bytes());
    println!("{route:?}: attached, detached: {told:?}");
    assert!(told.iter().all(|&count| count > 0));
    rustix::mount::unmount(top, UnmountFlags::DETACH).unwrap();
}

/// The mounts that are replaced, by path, with their unique ids.
fn members(table: &MountTable, top: &Path) -> HashMap<PathBuf, Option<u64>> {
    let rows = table.under(&top.join("churn"));
    rows.map(|row| {
        (
            row.mount_point().into_owned(),
            row.unique_id().map(|id| id.0),
        )
    })
    .collect()
}

#[test]
#[ignore = "vm: eight threads replace mounts under a watch (limit 300 s)"]
fn a_watch_under_churn_tells_of_what_happened_and_ends_right() {
    isolated(|| {
        watch_churn(WatchRoute::Poll);
        if since(6, 15) {
            watch_churn(WatchRoute::Fanotify);
        }
    });
}

/// Leftovers of one sweep.
const LEFTOVERS: usize = 12;

#[test]
#[ignore = "vm: eight threads replace mounts under a data root that is swept (limit 300 s)"]
fn sweeps_under_churn_unmount_the_leftovers_and_nothing_else() {
    isolated(|| {
        let top = Path::new("/tmp/churn");
        set_up(top);
        let leftovers = (0..LEFTOVERS).map(|n| top.join(format!("overlay2/{n:064x}/merged")));
        let leftovers: Vec<PathBuf> = leftovers.collect();
        let stable = |table: &MountTable| -> Vec<u32> {
            let rows = table.under(&top.join("stable"));
            rows.map(|row| row.mount_id().0).collect()
        };
        let before = stable(&MountTable::current().unwrap());
        assert_eq!(before.len(), STABLE);
        let mut swept = 0;
        // A churner panics when its own mount is not there to be unmounted.
        let replaced = churn(top, || {
            let end = Instant::now() + churn_time();
            while Instant::now() < end {
                for point in &leftovers {
                    scene::tmpfs(point);
                }
                let (rules, options) = (Rules::sweep(), PlanOptions::new(top));
                let plan = rootmount::plan(&live_table().unwrap(), &rules, &options).unwrap();
                assert_eq!(plan.steps().len(), LEFTOVERS);
                let report = rootmount::execute(&plan, &ExecuteOptions::new()).unwrap();
                swept += report
                    .steps()
                    .iter()
                    .filter(|step| is_done(&step.outcome))
                    .count();
                let table = MountTable::current().unwrap();
                assert!(
                    table.under(&top.join("overlay2")).next().is_none(),
                    "{report:?}"
                );
                assert_eq!(stable(&table), before);
            }
        });
        println!("{replaced} mounts replaced, {swept} leftovers swept");
        assert!(replaced > 0 && swept > 0 && swept % LEFTOVERS == 0);
    });
}

fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unmounted | Outcome::Detached { .. })
}

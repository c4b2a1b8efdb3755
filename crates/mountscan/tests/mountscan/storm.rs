//! Storms: while another thread changes the table without a pause, every route keeps its promises.
//!
//! Each storm has one mount, the stable one, that is never unmounted, among others that come, go
//! and move. Counted: readings, those that lost the stable mount or showed it twice, and those that
//! put another on top of its place although their [`Consistency`] says that the order is known.
//!
//! `MOUNTSCAN_STORM=N` makes N times as many readings: 100 for a count in full.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mountscan::{
    Consistency, Detail, HoldersOptions, KernelQueries, MountId, MountTable, ReadOptions, Refresh,
    Source, WatchOptions, WatchRoute, Watcher, holders, mount_at,
};
use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    UnmountFlags,
};

use crate::namespace::{bind, isolated, mount, propagate, tmpfs};

/// Readings by each route in each storm.
const READINGS: usize = 300;
/// Further mounts in the table.
const FURTHER: usize = 100;

fn readings() -> usize {
    let times = std::env::var("MOUNTSCAN_STORM").ok();
    let times = times.map_or(1, |times| times.parse().expect("a number of times"));
    READINGS * times
}

/// One kind of change that never ends, and what it promises about the stable mount.
struct Storm {
    name: &'static str,
    /// Where the stable mount lies and stays on top; `None` where the storm moves it.
    stays_at: Option<PathBuf>,
    id: MountId,
    change: Box<dyn Fn() + Send + Sync>,
}

fn stable(base: &Path, point: &Path) -> MountId {
    mount(b"stable", point, "tmpfs", MountFlags::empty(), "mode=755");
    assert!(point.starts_with(base));
    mount_at(point).expect("just mounted").mount_id
}

fn quick(point: &Path) {
    rustix::mount::mount("quick", point, "tmpfs", MountFlags::empty(), None).expect("ours");
}

fn gone(point: &Path) {
    rustix::mount::unmount(point, UnmountFlags::DETACH).expect("mounted by us");
}

/// Copies that come and go beneath the stable mount, because its parent is a slave.
fn propagation(base: &Path) -> Storm {
    let (master, slave) = (base.join("master"), base.join("slave"));
    tmpfs(&master);
    std::fs::create_dir(master.join("x")).expect("writable");
    propagate(&master, MountPropagationFlags::SHARED);
    bind(&master, &slave);
    propagate(&slave, MountPropagationFlags::DOWNSTREAM);
    let point = slave.join("x");
    Storm {
        name: "propagation",
        id: stable(base, &point),
        stays_at: Some(point),
        change: Box::new(move || {
            quick(&master.join("x"));
            gone(&master.join("x"));
        }),
    }
}

/// New mounts that are put beneath the stable one (Linux 6.5), where they stay.
fn beneath(base: &Path) -> Option<Storm> {
    const MOST: usize = 200;
    let point = base.join("above");
    let id = stable(base, &point);
    if put_beneath(&point).is_err() {
        assert!(!support::kernel::since(6, 5));
        return None;
    }
    let place = point.clone();
    let count = AtomicUsize::new(0);
    Some(Storm {
        name: "beneath",
        id,
        stays_at: Some(point),
        change: Box::new(move || {
            if count.fetch_add(1, Ordering::Relaxed) < MOST {
                put_beneath(&place).expect("as before");
            }
            std::thread::sleep(Duration::from_millis(1));
        }),
    })
}

fn put_beneath(point: &Path) -> rustix::io::Result<()> {
    let context = rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_create(context.as_fd())?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    let new = rustix::mount::fsmount(context.as_fd(), flags, MountAttrFlags::empty())?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_BENEATH;
    rustix::mount::move_mount(new.as_fd(), "", CWD, point, flags)
}

/// The stable mount moves away, another takes its place for a while.
fn moves(base: &Path) -> Storm {
    let (here, there) = (base.join("here"), base.join("there"));
    std::fs::create_dir(&there).expect("writable");
    Storm {
        name: "moves",
        id: stable(base, &here),
        stays_at: None,
        change: Box::new(move || {
            rustix::mount::mount_move(&here, &there).expect("private");
            quick(&here);
            gone(&here);
            rustix::mount::mount_move(&there, &here).expect("private");
        }),
    }
}

/// A directory above the stable mount is renamed, and another with a mount takes its place.
fn renames(base: &Path) -> Storm {
    let (one, other) = (base.join("one"), base.join("other"));
    let id = stable(base, &one.join("m"));
    Storm {
        name: "renames",
        id,
        stays_at: None,
        change: Box::new(move || {
            std::fs::rename(&one, &other).expect("ours");
            std::fs::create_dir_all(one.join("m")).expect("ours");
            quick(&one.join("m"));
            gone(&one.join("m"));
            std::fs::remove_dir_all(&one).expect("ours");
            std::fs::rename(&other, &one).expect("ours");
        }),
    }
}

/// What went wrong in how many readings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    lost: usize,
    twice: usize,
    wrong_top: usize,
    wrong_holder: usize,
}

/// Readings that did not know the order, which a promise kept may say, but not often.
#[derive(Debug, Default)]
struct Said {
    order_unknown: usize,
}

impl Count {
    fn look(&mut self, storm: &Storm, table: &MountTable, said: &mut Said) {
        let rows = table.rows().filter(|row| row.mount_id() == storm.id);
        let shown: Vec<_> = rows.collect();
        self.lost += usize::from(shown.is_empty());
        self.twice += usize::from(shown.len() > 1);
        let Some(point) = &storm.stays_at else { return };
        if table.consistency() == Consistency::OrderUnknown {
            said.order_unknown += 1;
            return;
        }
        let is_it =
            |row: Option<mountscan::Row<'_>>| row.is_some_and(|row| row.mount_id() == storm.id);
        let order = table.deepest_first(table.at(point));
        let right = is_it(table.topmost(point))
            && is_it(table.mount_of(&point.join("file")))
            && is_it(order.first().copied())
            && shown.iter().all(|row| !table.is_hidden(*row));
        self.wrong_top += usize::from(!right);
    }
}

type Route<'r> = (&'static str, Box<dyn FnMut() -> MountTable + 'r>);

fn read(source: Source<'_>, set: impl Fn(&mut ReadOptions)) -> MountTable {
    let mut options = ReadOptions::new();
    set(&mut options);
    loop {
        // One moment may not be found in a storm; what is found has to be right.
        match MountTable::read(source, &options) {
            Err(error) if error.kind() == mountscan::ErrorKind::Unstable => {}
            table => return table.expect("readable"),
        }
    }
}

fn routes<'r>(base: &'r Path, namespace: &'r std::fs::File) -> Vec<Route<'r>> {
    let thread = rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .unsigned_abs();
    let mut routes: Vec<Route<'r>> = vec![
        (
            "text",
            Box::new(|| MountTable::current().expect("readable")),
        ),
        (
            "process",
            Box::new(move || read(Source::Pid(thread), |_| {})),
        ),
        (
            "unique ids",
            Box::new(|| read(Source::Thread, |options| options.unique_ids = true)),
        ),
        (
            "one moment",
            Box::new(|| read(Source::Thread, |options| options.one_moment = true)),
        ),
        (
            "namespace",
            Box::new(|| read(Source::Namespace(namespace.as_fd()), |_| {})),
        ),
        (
            "without procfs",
            Box::new(|| {
                read(Source::Thread, |options| {
                    if KernelQueries::cached() >= KernelQueries::Rows {
                        options.proc = "/nowhere".into();
                    }
                })
            }),
        ),
        (
            "under",
            Box::new(|| MountTable::under_now(base, Detail::Everything).expect("readable")),
        ),
    ];
    let mut held = read(Source::Thread, |options| options.unique_ids = true);
    routes.push((
        "refresh everything",
        Box::new(move || {
            held.refresh(Refresh::Everything).expect("readable");
            held.clone()
        }),
    ));
    routes
}

/// Routes that follow what exists, and say that they do not see moves.
fn followers<'r>() -> Vec<Route<'r>> {
    let mut held = read(Source::Thread, |options| options.unique_ids = true);
    let refresh = move || {
        held.refresh(Refresh::Existence).expect("readable");
        held.clone()
    };
    let mut routes: Vec<Route<'r>> = vec![("refresh existence", Box::new(refresh))];
    for route in [WatchRoute::Poll, WatchRoute::Fanotify] {
        let mut options = WatchOptions::new();
        options.route = Some(route);
        if let Ok(mut watch) = Watcher::open(&options) {
            let name = match route {
                WatchRoute::Poll => "watch by poll",
                _ => "watch by fanotify",
            };
            let look = move || {
                while watch.try_next().expect("readable").is_some() {}
                watch.table().clone()
            };
            routes.push((name, Box::new(look)));
        }
    }
    routes
}

fn blow<T>(storm: &Storm, read: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                (storm.change)();
            }
        });
        std::thread::sleep(Duration::from_millis(2));
        let read = read();
        stop.store(true, Ordering::Relaxed);
        read
    })
}

fn count(storm: &Storm, mut routes: Vec<Route<'_>>, sees_moves: bool) {
    for (name, read) in &mut routes {
        let (mut count, mut said) = (Count::default(), Said::default());
        blow(storm, || {
            for _ in 0..readings() {
                count.look(storm, &read(), &mut said);
            }
        });
        assert_eq!(count, Count::default(), "{}, {name}: {said:?}", storm.name);
        assert!(
            said.order_unknown <= readings() / 10,
            "{}, {name}: {said:?}",
            storm.name
        );
        // When the storm is over, the table is as one read afresh.
        let rested = read();
        let fresh = read_like(&rested);
        if sees_moves || storm.stays_at.is_some() {
            let text = |table: &MountTable| String::from_utf8(table.to_bytes()).expect("ours");
            assert_eq!(text(&rested), text(&fresh), "{}, {name}", storm.name);
        }
        let ids = |table: &MountTable| table.rows().map(|row| row.mount_id()).collect::<Vec<_>>();
        assert_eq!(ids(&rested), ids(&fresh), "{}, {name}", storm.name);
    }
}

/// What a table would show if it were read now.
fn read_like(table: &MountTable) -> MountTable {
    let mut again = table.clone();
    match again.refresh(Refresh::Everything) {
        Ok(_) => again,
        // A watcher's table: the thread's.
        Err(_) => MountTable::current().expect("readable"),
    }
}

fn in_scene(storm: impl FnOnce(&Path) -> Option<Storm> + Send) {
    isolated(|base| {
        for number in 0..FURTHER {
            tmpfs(&base.join(format!("further/{number}")));
        }
        let Some(storm) = storm(base) else { return };
        let namespace = std::fs::File::open("/proc/thread-self/ns/mnt").expect("there");
        count(&storm, routes(base, &namespace), true);
        count(&storm, followers(), false);
        if storm.stays_at.is_some() {
            holders_are_right(&storm);
        }
    });
}

/// Who keeps what lies on top of the place: always the stable mount's namespace, by the stable
/// mount.
fn holders_are_right(storm: &Storm) {
    let point = storm.stays_at.as_deref().expect("asked for such storms");
    let options = HoldersOptions::new();
    let mut count = Count::default();
    blow(storm, || {
        for _ in 0..readings() / 10 {
            let table = MountTable::current().expect("readable");
            let top = table.topmost(point).expect("the stable one");
            let found = holders(&top.into(), &options).expect("readable");
            let own = found.namespaces.iter().find(|namespace| namespace.is_own);
            let is_it =
                own.is_some_and(|own| own.mounts.iter().any(|held| held.mount_id == storm.id));
            count.wrong_holder += usize::from(!is_it);
        }
    });
    assert_eq!(count, Count::default(), "{}, holders", storm.name);
}

#[test]
fn copies_beneath_a_mount_neither_lose_nor_cover_it() {
    in_scene(|base| Some(propagation(base)));
}

#[test]
fn a_mount_moved_beneath_neither_loses_nor_covers_the_upper_one() {
    in_scene(beneath);
}

#[test]
fn a_mount_that_moves_is_never_lost() {
    in_scene(|base| Some(moves(base)));
}

#[test]
fn a_mount_below_a_renamed_directory_is_never_lost() {
    in_scene(|base| Some(renames(base)));
}

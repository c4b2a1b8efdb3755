//! Storms: while another thread changes the table without a pause, every route keeps its promises.
//!
//! Each storm has one mount, the stable one, that is never unmounted, among others that come, go
//! and move. Counted: readings, those that lost the stable mount or showed it twice, and those that
//! put another on top of its place although their [`Consistency`] says that the order is known.
//!
//! `MOUNTSCAN_STORM=N` makes N times as many readings: 250 for a count in full. With
//! `MOUNTSCAN_STORM_COUNTS=FILE` each count is a line in that file. In a VM the processor is
//! emulated, so there are fewer readings. The counts are in `target/vm/junit.xml` after
//! `cargo xtask vm -p mountscan --test storm --env MOUNTSCAN_STORM=10`.

mod count;
mod routes;
mod scenes;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mountscan::{
    HoldersOptions, MountTable, Refresh, has_mounts_under, holders, mount_at, mount_point_at,
};

use crate::namespace::{isolated, tmpfs, unmount};
use count::{Count, Said, show, tell};
use routes::{Route, followers, routes};
use scenes::{Storm, beneath, moves, propagation, renames};
use support::guest::is_guest;

/// Readings by each route in each storm.
const READINGS: usize = 100;
/// The same in a VM.
const READINGS_EMULATED: usize = 4;
/// Further mounts in the table.
const FURTHER: usize = 100;

fn times() -> usize {
    let times = std::env::var("MOUNTSCAN_STORM").ok();
    times.map_or(1, |times| times.parse().expect("a number of times"))
}

fn readings() -> usize {
    let once = match is_guest() {
        true => READINGS_EMULATED,
        false => READINGS,
    };
    once * times()
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

/// A way to make a storm of one kind in a directory; `None` where the kernel has no such change.
type Make = fn(&Path) -> Option<Storm>;

/// Makes a storm with a stable mount of its own for each route, so that none is over for the last
/// routes.
fn count(base: &Path, make: Make, mut routes: Vec<Route<'_>>, sees_moves: bool) {
    for (name, read) in &mut routes {
        let place = base.join("storm");
        tmpfs(&place);
        if let Some(storm) = make(&place) {
            count_one(&storm, name, read, sees_moves);
        }
        // With all that is mounted in it.
        unmount(&place);
    }
}

fn count_one(storm: &Storm, name: &str, read: &mut dyn FnMut() -> MountTable, sees_moves: bool) {
    let (mut count, mut said) = (Count::default(), Said::default());
    blow(storm, || {
        for _ in 0..readings() {
            count.look(storm, &read(), &mut said);
        }
    });
    tell(storm.name, name, readings(), &count, &said);
    assert_eq!(count, Count::default(), "{}, {name}: {said:?}", storm.name);
    // Seldom, where there are enough readings to tell: where the processor is emulated, two of four
    // were met by a change each, and said so.
    assert!(
        is_guest() || said.order_unknown <= readings() / 10,
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

/// What a table would show if it were read now.
fn read_like(table: &MountTable) -> MountTable {
    let mut again = table.clone();
    match again.refresh(Refresh::Everything) {
        Ok(_) => again,
        // A watcher's table: the thread's.
        Err(_) => MountTable::current().expect("readable"),
    }
}

fn in_scene(name: &str, make: Make) {
    isolated(|base| {
        for number in 0..FURTHER {
            tmpfs(&base.join(format!("further/{number}")));
        }
        let namespace = std::fs::File::open("/proc/thread-self/ns/mnt").expect("there");
        count(base, make, routes(base, &namespace), true);
        count(base, make, followers(), false);
        let place = base.join("storm");
        tmpfs(&place);
        let storm = make(&place).filter(|storm| storm.stays_at.is_some());
        if let Some(storm) = &storm {
            holders_are_right(storm);
            looks_are_right(storm);
        }
    });
    show(name);
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
            let is_it = own.is_some_and(|own| {
                own.mounts
                    .iter()
                    .any(|held| held.mount_id == storm.stable.mount_id)
            });
            count.wrong_holder += usize::from(!is_it);
        }
    });
    let searches = readings() / 10;
    tell(storm.name, "holders", searches, &count, &Said::default());
    assert_eq!(count, Count::default(), "{}, holders", storm.name);
}

/// What a look at the place itself finds: always the stable mount.
fn looks_are_right(storm: &Storm) {
    let point = storm.stays_at.as_deref().expect("asked for such storms");
    let mut count = Count::default();
    blow(storm, || {
        for _ in 0..readings() {
            let seen = mount_at(point).expect("it is there").mount_id;
            let top = mount_point_at(point).expect("readable");
            let is_it = |id| id == storm.stable.mount_id;
            count.lost += usize::from(top.is_none());
            let right = is_it(seen) && top.is_none_or(|top| is_it(top.mount_id));
            count.wrong_top += usize::from(!right);
            let has_any = has_mounts_under(point).expect("readable");
            count.lost += usize::from(!has_any);
        }
    });
    tell(storm.name, "looks", readings(), &count, &Said::default());
    assert_eq!(count, Count::default(), "{}, looks", storm.name);
}

#[test]
fn copies_beneath_a_mount_neither_lose_nor_cover_it() {
    in_scene("propagation", propagation);
}

#[test]
fn a_mount_moved_beneath_neither_loses_nor_covers_the_upper_one() {
    in_scene("beneath", beneath);
}

#[test]
fn a_mount_that_moves_is_never_lost() {
    in_scene("moves", moves);
}

#[test]
fn a_mount_below_a_renamed_directory_is_never_lost() {
    in_scene("renames", renames);
}

/// The same in a VM, where the kernel is another one.
mod vm {
    #[test]
    #[ignore = "vm: a storm of propagation, on each kernel (limit 600 s)"]
    fn copies_beneath_a_mount_neither_lose_nor_cover_it() {
        super::copies_beneath_a_mount_neither_lose_nor_cover_it();
    }

    #[test]
    #[ignore = "vm: a storm of mounts moved beneath, on each kernel (limit 600 s)"]
    fn a_mount_moved_beneath_neither_loses_nor_covers_the_upper_one() {
        super::a_mount_moved_beneath_neither_loses_nor_covers_the_upper_one();
    }

    #[test]
    #[ignore = "vm: a storm of moves, on each kernel (limit 600 s)"]
    fn a_mount_that_moves_is_never_lost() {
        super::a_mount_that_moves_is_never_lost();
    }

    #[test]
    #[ignore = "vm: a storm of renames, on each kernel (limit 600 s)"]
    fn a_mount_below_a_renamed_directory_is_never_lost() {
        super::a_mount_below_a_renamed_directory_is_never_lost();
    }
}

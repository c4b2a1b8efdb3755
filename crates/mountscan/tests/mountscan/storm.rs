//! Storms: while another thread changes the table without a pause, every route keeps its promises.
//!
//! Each storm has one mount, the stable one, that is never unmounted, among others that come, go
//! and move. Counted: readings, those that lost the stable mount or showed it twice, and those that
//! put another on top of its place although their [`Consistency`] says that the order is known.
//!
//! `MOUNTSCAN_STORM=N` makes N times as many readings: 100 for a count in full.

mod count;
mod routes;
mod scenes;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mountscan::{HoldersOptions, MountTable, Refresh, holders};

use crate::namespace::{isolated, tmpfs};
use count::{Count, Said};
use routes::{Route, followers, routes};
use scenes::{Storm, beneath, moves, propagation, renames};

/// Readings by each route in each storm.
const READINGS: usize = 300;
/// Further mounts in the table.
const FURTHER: usize = 100;

fn readings() -> usize {
    let times = std::env::var("MOUNTSCAN_STORM").ok();
    let times = times.map_or(1, |times| times.parse().expect("a number of times"));
    READINGS * times
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

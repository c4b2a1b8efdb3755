//! Events by both routes, in namespaces of their own.

use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mountscan::{Event, MountTable, ReadOptions, Source, WatchOptions, WatchRoute, Watcher};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::thread::UnshareFlags;
use support::namespace;

use crate::namespace::{isolated, propagate, tmpfs, unmount};

const SOON: Duration = Duration::from_secs(10);

/// Watches by each route that works here; poll always does.
fn by_each_route(test: impl Fn(&Path, Watcher) + Send + Sync) {
    isolated(|base| {
        for route in [WatchRoute::Poll, WatchRoute::Fanotify] {
            namespace::with(UnshareFlags::NEWNS, || {
                // What the first route's turn leaves is not in the way of the second's.
                let place = &base.join(format!("{route:?}"));
                tmpfs(place);
                let mut options = WatchOptions::new();
                options.route = Some(route);
                match Watcher::open(&options) {
                    Ok(watch) => {
                        assert_eq!(watch.route(), route);
                        test(place, watch);
                    }
                    Err(error) => assert_eq!(route, WatchRoute::Fanotify, "{error}"),
                }
            });
        }
    });
}

/// The next events, as a sign and the path below `base`, sorted: a batch has no order of its own.
fn events(watch: &mut Watcher, count: usize, base: &Path) -> Vec<(char, PathBuf)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let event = watch
            .next_within(SOON)
            .expect("readable")
            .expect("something happened");
        let (sign, info) = match event {
            Event::Attached(info) => ('+', info),
            Event::Detached(info) => ('-', info),
            Event::Changed(info) => ('~', info),
            other => panic!("{other:?}"),
        };
        let below = info
            .mount_point
            .strip_prefix(base)
            .expect("only ours change");
        seen.push((sign, below.to_owned()));
    }
    seen.sort();
    seen
}

fn quiet(watch: &mut Watcher) {
    assert_eq!(watch.try_next().expect("readable"), None);
}

#[test]
fn mounts_come_go_and_move() {
    by_each_route(|base, mut watch| {
        quiet(&mut watch);
        tmpfs(&base.join("a"));
        tmpfs(&base.join("a/b"));
        assert_eq!(
            events(&mut watch, 2, base),
            [('+', "a".into()), ('+', "a/b".into())]
        );
        quiet(&mut watch);
        std::fs::create_dir(base.join("c")).expect("writable");
        rustix::mount::mount_move(base.join("a"), base.join("c")).expect("private mounts move");
        assert_eq!(
            events(&mut watch, 2, base),
            [('~', "c".into()), ('~', "c/b".into())]
        );
        unmount(&base.join("c/b"));
        assert_eq!(events(&mut watch, 1, base), [('-', "c/b".into())]);
        unmount(&base.join("c"));
        assert_eq!(events(&mut watch, 1, base), [('-', "c".into())]);
        quiet(&mut watch);
        assert_eq!(
            watch.table().to_bytes(),
            MountTable::current().expect("readable").to_bytes()
        );
    });
}

#[test]
fn a_replaced_mount_is_one_gone_and_one_new() {
    by_each_route(|base, mut watch| {
        tmpfs(&base.join("a"));
        assert_eq!(events(&mut watch, 1, base), [('+', "a".into())]);
        unmount(&base.join("a"));
        tmpfs(&base.join("a"));
        assert_eq!(
            events(&mut watch, 2, base),
            [('+', "a".into()), ('-', "a".into())]
        );
    });
}

#[test]
fn what_nothing_tells_of_is_found_by_a_rescan() {
    by_each_route(|base, mut watch| {
        tmpfs(&base.join("a"));
        assert_eq!(events(&mut watch, 1, base), [('+', "a".into())]);
        propagate(&base.join("a"), MountPropagationFlags::SHARED);
        watch.rescan().expect("readable");
        assert_eq!(events(&mut watch, 1, base), [('~', "a".into())]);
    });
}

#[test]
fn each_route_tells_of_a_remount() {
    by_each_route(|base, mut watch| {
        tmpfs(&base.join("a"));
        assert_eq!(events(&mut watch, 1, base), [('+', "a".into())]);
        for flags in [MountFlags::RDONLY, MountFlags::empty(), MountFlags::NOSUID] {
            rustix::mount::mount_remount(base.join("a"), MountFlags::BIND | flags, "")
                .expect("ours");
            assert_eq!(events(&mut watch, 1, base), [('~', "a".into())]);
        }
        rustix::mount::mount_remount(base.join("a"), MountFlags::empty(), "size=9m").expect("ours");
        assert_eq!(events(&mut watch, 1, base), [('~', "a".into())]);
        std::thread::sleep(Duration::from_millis(200));
        quiet(&mut watch);
    });
}

/// A remount among mounts is told by itself and soon, not with whatever happens next.
#[test]
fn a_remount_beside_a_mount_is_told_before_anything_else_happens() {
    by_each_route(|base, mut watch| {
        tmpfs(&base.join("a"));
        rustix::mount::mount_remount(base, MountFlags::BIND | MountFlags::NOEXEC, "")
            .expect("ours");
        let told = events(&mut watch, 2, base);
        assert_eq!(told, [('+', "a".into()), ('~', PathBuf::new())]);
    });
}

/// Whoever polls the descriptor learns of a remount too, and of the time to read again.
#[test]
fn the_descriptor_wakes_for_what_no_event_tells() {
    by_each_route(|base, mut watch| {
        quiet(&mut watch);
        rustix::mount::mount_remount(base, MountFlags::BIND | MountFlags::NOEXEC, "")
            .expect("ours");
        let mut seen = Vec::new();
        while seen.is_empty() {
            let mut files = [PollFd::new(&watch, PollFlags::IN)];
            let limit = Timespec {
                tv_sec: 10,
                tv_nsec: 0,
            };
            let ready = rustix::event::poll(&mut files, Some(&limit)).expect("can be polled");
            assert_eq!(ready, 1, "nothing in ten seconds");
            while let Some(event) = watch.try_next().expect("readable") {
                seen.push(event);
            }
        }
        assert!(matches!(&seen[..], [Event::Changed(info)] if info.mount_point == base));
    });
}

#[test]
fn a_regular_rescan_needs_no_call() {
    by_each_route(|base, watch| {
        let mut options = WatchOptions::new();
        options.route = Some(watch.route());
        options.rescan_every = Some(Duration::from_millis(20));
        let mut watch = Watcher::open(&options).expect("as before");
        propagate(base, MountPropagationFlags::SHARED);
        assert_eq!(events(&mut watch, 1, base), [('~', PathBuf::new())]);
    });
}

#[test]
fn the_descriptor_is_readable_when_there_are_events() {
    by_each_route(|base, mut watch| {
        let ready = |watch: &Watcher| {
            let none = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // tokio's AsyncFd takes what has both traits, and they must agree.
            assert_eq!(watch.as_raw_fd(), watch.as_fd().as_raw_fd());
            rustix::event::poll(&mut [PollFd::new(watch, PollFlags::IN)], Some(&none))
                .expect("open")
        };
        assert_eq!(ready(&watch), 0);
        tmpfs(&base.join("a"));
        assert_eq!(ready(&watch), 1);
        assert!(matches!(
            watch.try_next().expect("readable"),
            Some(Event::Attached(_))
        ));
        quiet(&mut watch);
        assert_eq!(ready(&watch), 0);
    });
}

#[test]
fn a_watch_may_move_to_a_thread_outside() {
    by_each_route(|base, mut watch| {
        let point = base.join("a");
        tmpfs(&point);
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(events(&mut watch, 1, base), [('+', "a".into())]));
        });
    });
}

#[test]
fn more_events_than_the_queue_holds_end_in_the_right_table() {
    isolated(|base| {
        let mut options = WatchOptions::new();
        options.route = Some(WatchRoute::Fanotify);
        let Ok(mut watch) = Watcher::open(&options) else {
            return;
        };
        let tree = base.join("tree");
        for _ in 0..9_000 {
            tmpfs(&tree);
            unmount(&tree);
        }
        tmpfs(&base.join("last"));
        let mut overflow = false;
        loop {
            match watch
                .next_within(SOON)
                .expect("readable")
                .expect("the last one is new")
            {
                Event::Overflow => overflow = true,
                Event::Attached(info) if info.mount_point == base.join("last") => break,
                _ => {}
            }
        }
        assert!(overflow);
        assert_eq!(
            watch.table().to_bytes(),
            MountTable::current().expect("readable").to_bytes()
        );
    });
}

/// A namespace in which no process lives, and that only a descriptor keeps, is followed as any
/// other.
#[test]
fn a_namespace_that_only_a_descriptor_keeps_is_watched() {
    isolated(|base| {
        let (kept, place) = namespace::with(UnshareFlags::NEWNS, || {
            let place = base.join("inside");
            tmpfs(&place);
            let file = std::fs::File::open("/proc/thread-self/ns/mnt").expect("there");
            (Arc::new(OwnedFd::from(file)), place)
        });
        let source = Source::Namespace(kept.as_fd());
        let read = || MountTable::read(source, &ReadOptions::new()).expect("ours");
        assert!(read().topmost(&place).is_some());
        assert!(
            MountTable::current()
                .expect("readable")
                .at(&place)
                .is_empty()
        );
        for route in [WatchRoute::Poll, WatchRoute::Fanotify] {
            let mut options = WatchOptions::new();
            options.namespace = Some(Arc::clone(&kept));
            options.route = Some(route);
            let mut watch = match Watcher::open(&options) {
                Ok(watch) => watch,
                Err(error) => {
                    assert_eq!(route, WatchRoute::Fanotify, "{error}");
                    continue;
                }
            };
            assert_eq!(watch.route(), route);
            assert_eq!(watch.table().to_bytes(), read().to_bytes());
            quiet(&mut watch);
            // Ours is another namespace: what happens here is not told.
            tmpfs(&base.join("outside"));
            std::thread::sleep(Duration::from_millis(100));
            quiet(&mut watch);
            unmount(&base.join("outside"));
            inside(&kept, || tmpfs(&place.join("new")));
            assert_eq!(events(&mut watch, 1, &place), [('+', "new".into())]);
            inside(&kept, || unmount(&place.join("new")));
            assert_eq!(events(&mut watch, 1, &place), [('-', "new".into())]);
        }
    });
}

/// Does something in another mount namespace, on a thread of its own.
fn inside(namespace: &OwnedFd, act: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let actor = scope.spawn(|| {
            namespace::enter(UnshareFlags::FS);
            let kind = Some(rustix::thread::LinkNameSpaceType::Mount);
            rustix::thread::move_into_link_name_space(namespace.as_fd(), kind).expect("ours");
            act();
        });
        actor.join().expect("it acts");
    });
}

//! What newer kernels tell of mounts, on kernels that do and kernels that do not.

#![allow(clippy::unwrap_used)] // a failure says enough

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mountscan::{
    ErrorKind, Event, KernelQueries, MountLife, MountList, MountTable, MountWitness, ReadOptions,
    Source, WatchOptions, WatchRoute, Watcher, is_detached,
};
use rustix::fs::CWD;
use rustix::mount::{OpenTreeFlags, UnmountFlags};
use support::kernel::since;
use support::namespace::isolated;
use support::scene;

fn detach(point: &Path) {
    rustix::mount::unmount(point, UnmountFlags::DETACH).unwrap();
}

#[test]
#[ignore = "vm: a mark on a mount, on each kernel"]
fn the_end_of_a_detached_mount_is_seen_on_every_kernel() {
    isolated(|| {
        let point = Path::new("/tmp/ends");
        scene::tmpfs(point);
        let witness = MountWitness::open(point).unwrap();
        assert!(witness.sees_the_end(), "root may mark mounts everywhere");
        let file = File::create(point.join("file")).unwrap();
        detach(point);
        // Without unique ids a mount that is mounted looks like one that is not.
        let told = if KernelQueries::cached() >= KernelQueries::Ids {
            MountLife::Detached
        } else {
            MountLife::Unknown
        };
        assert_eq!(witness.life(), told);
        drop(file);
        let end = Instant::now() + Duration::from_secs(30);
        while witness.life() != MountLife::Gone {
            assert!(Instant::now() < end, "{:?}", witness.life());
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

#[test]
#[ignore = "vm: statmount by descriptor, Linux 7.0"]
fn a_descriptor_tells_of_its_mount_since_seven() {
    isolated(|| {
        let point = Path::new("/tmp/told");
        scene::tmpfs(point);
        let file = File::create(point.join("file")).unwrap();
        let listed = KernelQueries::cached() >= KernelQueries::Ids;
        assert_eq!(is_detached(&file), listed.then_some(false));
        detach(point);
        assert_eq!(is_detached(&file), since(7, 0).then_some(true));
        // A tree that was never attached anywhere.
        scene::tmpfs(point);
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let tree = rustix::mount::open_tree(CWD, point, flags).unwrap();
        assert_eq!(is_detached(&tree), since(7, 0).then_some(true));
    });
}

/// `OPEN_TREE_NAMESPACE` (Linux 7.0): a copy of a tree, in a namespace that no process has.
fn namespace_of(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flag = OpenTreeFlags::from_bits_retain(2);
    rustix::mount::open_tree(CWD, path, flag | OpenTreeFlags::OPEN_TREE_CLOEXEC)
}

#[test]
#[ignore = "vm: a namespace made without a process, Linux 7.0"]
fn a_namespace_that_was_never_entered_is_listed_and_watched() {
    isolated(|| {
        let point = Path::new("/tmp/tree");
        scene::tmpfs(point);
        let made = namespace_of(point);
        if !since(7, 0) {
            assert!(made.is_err(), "an older kernel knows the flag");
            return;
        }
        let namespace = made.unwrap();
        let source = Source::Namespace(namespace.as_fd());
        let table = MountTable::read(source, &ReadOptions::new()).unwrap();
        let here: u32 = MountTable::current().unwrap().len() as u32;
        assert!(
            !table.is_empty() && (table.len() as u32) < here,
            "{table:?}"
        );
        let root = table.mount_of(Path::new("/")).expect("it has a root");
        assert!(root.has_fs_type("tmpfs"), "{root:?}");
        let list = MountList::of_namespace(namespace.as_fd()).unwrap();
        assert!(list.len() >= table.len());

        let namespace = Arc::new(namespace);
        for route in [WatchRoute::Poll, WatchRoute::Fanotify] {
            let mut options = WatchOptions::new();
            options.namespace = Some(Arc::clone(&namespace));
            options.route = Some(route);
            let mut watch = Watcher::open(&options).unwrap();
            assert_eq!(watch.table().to_bytes(), table.to_bytes());
            inside(&namespace, || scene::tmpfs(Path::new("/new")));
            let told = watch.next_within(Duration::from_secs(30)).unwrap();
            assert!(
                matches!(&told, Some(Event::Attached(info)) if info.mount_point == Path::new("/new")),
                "{route:?}: {told:?}"
            );
            inside(&namespace, || detach(Path::new("/new")));
            let told = watch.next_within(Duration::from_secs(30)).unwrap();
            assert!(
                matches!(&told, Some(Event::Detached(_))),
                "{route:?}: {told:?}"
            );
        }
    });
}

/// Does something in another mount namespace, on a thread of its own.
fn inside(namespace: &OwnedFd, act: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let actor = scope.spawn(|| {
            support::namespace::enter(rustix::thread::UnshareFlags::FS);
            let kind = Some(rustix::thread::LinkNameSpaceType::Mount);
            rustix::thread::move_into_link_name_space(namespace.as_fd(), kind).unwrap();
            act();
        });
        actor.join().unwrap();
    });
}

#[test]
#[ignore = "vm: listmount from the end, Linux 6.11"]
fn the_newest_mounts_are_the_end_of_the_list_on_every_kernel() {
    isolated(|| {
        for name in ["one", "two", "three"] {
            scene::tmpfs(&Path::new("/tmp/newest").join(name));
        }
        let newest = match MountList::newest(2) {
            Ok(newest) => newest,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                return assert!(!since(6, 8), "{error}");
            }
        };
        let all: Vec<_> = MountList::current().unwrap().ids().collect();
        let want: Vec<_> = all.iter().rev().take(2).copied().collect();
        assert_eq!(newest.ids().collect::<Vec<_>>(), want);
        match newest.rows().collect::<Result<Vec<_>, _>>() {
            Ok(rows) => {
                let points: Vec<_> = rows.iter().map(|row| row.mount_point.as_path()).collect();
                let want = ["/tmp/newest/three", "/tmp/newest/two"].map(Path::new);
                assert_eq!(points, want);
            }
            Err(error) => assert!(!since(6, 13), "{error}"),
        }
    });
}

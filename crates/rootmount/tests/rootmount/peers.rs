//! Unmounting with and without the peers of the mount below.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::mount::{MsFlags, mount};
use rootmount::{
    CleanupReport, DataRootOptions, Detach, ErrorKind, ExecuteOptions, MountTable, Outcome,
    PlanOptions, Propagation, RootOutcome, Rules, execute, plan, prepare, status,
};
use support::namespace::beside_a_copy;

use crate::mounts::*;

/// Whether the kernel can put a mount back into its peer group.
fn can_rejoin() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut parts = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|p| p.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(5), Some(15))
}

fn alone() -> ExecuteOptions {
    let mut options = options();
    options.propagate = false;
    options
}

fn change(point: &Path, flags: MsFlags) {
    mount(None::<&str>, point, None::<&str>, flags, None::<&str>).unwrap();
}

/// A data root that is a shared mount, with a peer and a slave of it elsewhere.
fn shared_root(base: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let root = tmpfs(&base.join("docker"));
    shared(&root);
    let (peer, slave) = (base.join("peer"), base.join("slave"));
    bind(&root, &peer);
    bind(&root, &slave);
    change(&slave, MsFlags::MS_SLAVE);
    (root, peer, slave)
}

/// How each mount point below a path spreads.
fn spreading(below: &Path) -> Vec<(PathBuf, Propagation)> {
    table()
        .under(below)
        .map(|row| (row.mount_point().into_owned(), row.propagation()))
        .collect()
}

/// All steps done as wanted on a kernel that can, all refused and nothing gone on one
/// that cannot.
#[track_caller]
fn expect(report: &CleanupReport, outcome: &str) {
    assert!(report.steps().iter().all(|s| s.left_private.is_none()));
    for step in report.steps() {
        if can_rejoin() {
            assert_eq!(step.outcome.as_str(), outcome, "{report}");
            continue;
        }
        let unsupported =
            |o: &Outcome| matches!(o, Outcome::Failed(f) if f.kind == ErrorKind::Unsupported);
        assert!(unsupported(&step.outcome), "{report}");
        assert_eq!(step.attempts, 0, "{report}");
    }
}

fn gone(n: usize) -> usize {
    if can_rejoin() { n } else { 0 }
}

#[test]
fn peers_keep_theirs_and_the_group_stays_as_it_was() {
    isolated(|base| {
        let (root, peer, slave) = shared_root(base);
        shm(&root, 1);
        shm(&root, 2);
        let of = |below: &Path| {
            spreading(below)
                .into_iter()
                .filter(|(p, _)| p == below)
                .collect::<Vec<_>>()
        };
        let before = [of(&root), of(&peer), of(&slave)];
        let report = execute(&sweep(&root), &alone()).unwrap();
        expect(&report, "unmounted");
        assert_eq!(points(&root).len(), 3 - gone(2), "{report}");
        assert_eq!((points(&peer).len(), points(&slave).len()), (3, 3));
        assert_eq!([of(&root), of(&peer), of(&slave)], before);
        // Both ways, as before.
        tmpfs(&root.join("new"));
        assert_eq!((points(&peer).len(), points(&slave).len()), (4, 4));
        tmpfs(&peer.join("newer"));
        assert!(points(&root).contains(&root.join("newer")));
        assert!(points(&slave).contains(&slave.join("newer")));
        // And by default they let go, of what they have in common.
        unmount(&root.join("new"));
        assert_eq!(points(&peer).len(), 4);
    });
}

#[test]
fn a_mount_that_is_shared_and_a_slave_comes_back_as_both() {
    isolated(|base| {
        let (top, _, root) = shared_root(base);
        shared(&root);
        let peer = base.join("peer-of-slave");
        bind(&root, &peer);
        shm(&root, 1);
        let before = spreading(&root)[0].clone();
        assert!(matches!(before.1, Propagation::SharedSlave { .. }));
        let report = execute(&sweep(&root), &alone()).unwrap();
        expect(&report, "unmounted");
        assert_eq!(spreading(&root)[0], before);
        assert_eq!((points(&root).len(), points(&peer).len()), (2 - gone(1), 2));
        tmpfs(&top.join("from-the-master"));
        assert!(points(&root).contains(&root.join("from-the-master")));
        assert!(points(&peer).contains(&peer.join("from-the-master")));
        tmpfs(&root.join("to-the-peer"));
        assert!(points(&peer).contains(&peer.join("to-the-peer")));
        assert!(!points(&top).contains(&top.join("to-the-peer")));
    });
}

#[test]
fn what_spreads_to_nobody_is_simply_unmounted() {
    isolated(|base| {
        let (top, _, slave) = shared_root(base);
        tmpfs(&top.join("containers").join(id(1)).join("mounts/shm"));
        for root in [slave, data_root(&tmpfs(&base.join("private")))] {
            shm(&root, 2);
            let report = execute(&sweep(&root), &alone()).unwrap();
            assert!(report.is_clean(), "{report}");
            assert!(points(&root).iter().all(|p| *p == root));
        }
        assert_eq!(points(&top).len(), 2);
    });
}

#[test]
fn a_lazy_detach_leaves_peers_alone_too() {
    isolated(|base| {
        let (root, peer, _) = shared_root(base);
        let held = std::fs::File::create(shm(&root, 1).join("held")).unwrap();
        let mut options = alone();
        options.detach = Detach::WhenBusy;
        expect(&execute(&sweep(&root), &options).unwrap(), "detached");
        assert_eq!((points(&root).len(), points(&peer).len()), (2 - gone(1), 2));
        drop(held);
    });
}

#[test]
fn who_is_busy_in_a_peer_is_not_in_the_way() {
    isolated(|base| {
        let (root, peer, _) = shared_root(base);
        shm(&root, 1);
        let place = peer.join("containers").join(id(1)).join("mounts/shm");
        let held = std::fs::File::create(place.join("held")).unwrap();
        expect(&execute(&sweep(&root), &alone()).unwrap(), "unmounted");
        assert!(points(&peer).contains(&place));
        drop(held);
    });
}

#[test]
fn other_namespaces_keep_theirs() {
    isolated(|base| {
        let (root, ..) = shared_root(base);
        let point = shm(&root, 1);
        let thread = AtomicI32::new(0);
        beside_a_copy(
            || {
                thread.store(
                    rustix::thread::gettid().as_raw_nonzero().get(),
                    Ordering::Relaxed,
                );
            },
            || {
                expect(&execute(&sweep(&root), &alone()).unwrap(), "unmounted");
                let file = format!(
                    "/proc/self/task/{}/mountinfo",
                    thread.load(Ordering::Relaxed)
                );
                let theirs = MountTable::from_file(Path::new(&file)).unwrap();
                assert!(theirs.topmost(&point).is_some());
            },
        );
        assert_eq!(points(&root).contains(&point), !can_rejoin());
    });
}

#[test]
fn many_in_parallel_and_nested_leave_peers_alone() {
    isolated(|base| {
        let (root, peer, slave) = shared_root(base);
        for n in 0..30 {
            tmpfs(&shm(&root, n).join("below"));
        }
        let before = spreading(&root)[0].clone();
        let mut options = alone();
        options.parallel_from = 2;
        let report = execute(&sweep(&root), &options).unwrap();
        expect(&report, "unmounted");
        assert_eq!(points(&root).len(), 61 - gone(60));
        assert_eq!((points(&peer).len(), points(&slave).len()), (61, 61));
        assert_eq!(spreading(&root)[0], before);
    });
}

#[test]
fn a_stack_on_a_shared_mount_is_left_and_said_why() {
    isolated(|base| {
        let (root, peer, _) = shared_root(base);
        shm(&root, 1);
        shm(&root, 1);
        let report = execute(&sweep(&root), &alone()).unwrap();
        // The lower one of the stack is what would have to leave its group, and it is
        // out of reach.
        assert_eq!(report.left().count(), 2, "{report}");
        assert!(report.to_string().contains("without its peers"), "{report}");
        assert_eq!((points(&root).len(), points(&peer).len()), (3, 3));
    });
}

#[test]
fn a_root_without_copies_is_released_without_peers() {
    isolated_as_root(|base| {
        let root = data_root(base);
        let exec = base.join("exec");
        let at = DataRootOptions::new(&root, &exec);
        prepare(&at).unwrap();
        let ours = status(&at).unwrap();
        assert!(ours.ownership.is_ours() && ours.is_mounted);
        let cleanup = PlanOptions::new(&root).release(ours.ownership);
        let mut options = alone();
        options.data_root = Some(at.clone());
        let planned = plan(&table(), &Rules::sweep(), &cleanup).unwrap();
        let report = execute(&planned, &options).unwrap();
        assert_eq!(*report.root(), RootOutcome::Released { lazily: false });
        // With copies of what it covers a detach would reach the peers of the bind.
        let disk = tmpfs(&root.join("volumes"));
        prepare(&at).unwrap();
        let peer = base.join("peer");
        std::fs::create_dir(&peer).unwrap();
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(&root), &peer, None::<&str>, flags, None::<&str>).unwrap();
        let planned = plan(&table(), &Rules::sweep(), &cleanup).unwrap();
        let report = execute(&planned, &options).unwrap();
        assert!(
            matches!(report.root(), RootOutcome::Failed(f) if f.kind == ErrorKind::Unsupported),
            "{report}"
        );
        assert_eq!(points(&peer).len(), 2);
        assert!(points(&root).contains(&disk));
        assert!(status(&at).unwrap().ownership.is_ours());
    });
}

on_every_kernel! {
    peers_keep_theirs_and_the_group_stays_as_it_was
    a_mount_that_is_shared_and_a_slave_comes_back_as_both
    what_spreads_to_nobody_is_simply_unmounted
    a_lazy_detach_leaves_peers_alone_too
    who_is_busy_in_a_peer_is_not_in_the_way
    other_namespaces_keep_theirs
    many_in_parallel_and_nested_leave_peers_alone
    a_stack_on_a_shared_mount_is_left_and_said_why
    a_root_without_copies_is_released_without_peers
}

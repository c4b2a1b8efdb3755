//! Whether a mount still lives, asked later.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use mountscan::{
    ErrorKind, KernelQueries, MountLife, MountWitness, Witnesses, identity_at, is_detached,
    is_mounted,
};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{OpenTreeFlags, UnmountFlags};

use crate::namespace::{bind, isolated, tmpfs, unmount};

/// Waits until the mount is freed, which the kernel does soon after its last use.
fn end_of(witness: &MountWitness) -> MountLife {
    let end = Instant::now() + Duration::from_secs(10);
    while witness.life() == MountLife::Detached && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
    witness.life()
}

/// What a witness says where the kernel sets no mark, as in a user namespace.
fn or_unknown(witness: &MountWitness, life: MountLife) -> MountLife {
    if witness.sees_the_end() {
        life
    } else {
        MountLife::Unknown
    }
}

/// What it says of a mount that is mounted.
fn mounted(witness: &MountWitness) -> MountLife {
    if KernelQueries::cached() >= KernelQueries::Ids {
        MountLife::Mounted
    } else {
        or_unknown(witness, MountLife::Unknown)
    }
}

#[test]
fn a_detached_mount_lives_as_long_as_something_uses_it() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let witness = MountWitness::open(&point).expect("there");
        assert_eq!(witness.life(), mounted(&witness));
        let file = File::create(point.join("file")).expect("writable");
        assert_eq!(witness.has_ended(), witness.sees_the_end().then_some(false));
        unmount(&point);
        assert_eq!(witness.has_ended(), witness.sees_the_end().then_some(false));
        let detached = or_unknown(&witness, MountLife::Detached);
        let before_68 = KernelQueries::cached() == KernelQueries::Absent;
        if !before_68 {
            assert_eq!(witness.life(), detached);
        }
        // Another mount in its place changes nothing.
        tmpfs(&point);
        if !before_68 {
            assert_eq!(witness.life(), detached);
        }
        drop(file);
        assert_eq!(end_of(&witness), or_unknown(&witness, MountLife::Gone));
        assert_eq!(witness.has_ended(), witness.sees_the_end().then_some(true));
    });
}

/// A mount of a file system that stays mounted elsewhere ends all the same.
#[test]
fn a_bind_ends_though_its_file_system_lives_on() {
    isolated(|base| {
        let (one, other) = (base.join("one"), base.join("other"));
        tmpfs(&one);
        bind(&one, &other);
        let witness = MountWitness::open(&other).expect("there");
        let keeper = MountWitness::open(&one).expect("there");
        unmount(&other);
        assert_eq!(end_of(&witness), or_unknown(&witness, MountLife::Gone));
        assert_eq!(keeper.life(), mounted(&keeper));
    });
}

#[test]
fn a_witness_does_not_keep_a_mount_busy() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let witness = MountWitness::open(&point).expect("there");
        std::fs::write(point.join("file"), "what a mark could tell of").expect("writable");
        std::fs::read(point.join("file")).expect("readable");
        rustix::mount::unmount(&point, UnmountFlags::empty()).expect("not busy");
        assert_eq!(end_of(&witness), or_unknown(&witness, MountLife::Gone));
        let missing = MountWitness::open(&base.join("missing"));
        assert_eq!(missing.expect_err("not there").kind(), ErrorKind::NotFound);
    });
}

/// How many descriptors for marks this process has.
fn descriptors() -> usize {
    let own = std::fs::read_dir("/proc/thread-self/fd").expect("there");
    let links = own.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    links
        .filter(|link| link == Path::new("anon_inode:[fanotify]"))
        .count()
}

/// More of them than a user may have descriptors for marks. Each knows the end of its own mount.
#[test]
fn witnesses_of_many_mounts_share_a_descriptor() {
    const MANY: usize = 200;
    isolated(|base| {
        let point = |n: usize| base.join(format!("m{n}"));
        let before = descriptors();
        let witnesses = Witnesses::new();
        let of = |n: usize| {
            tmpfs(&point(n));
            let place = File::open(point(n)).expect("there");
            witnesses.of(place).expect("statx")
        };
        let all: Vec<MountWitness> = (0..MANY).map(of).collect();
        let sees = all[0].sees_the_end();
        assert!(all.iter().all(|witness| witness.sees_the_end() == sees));
        assert_eq!(descriptors() - before, usize::from(sees));
        let files: Vec<_> = (0..MANY)
            .map(|n| File::create(point(n).join("file")).expect("writable"))
            .collect();
        (0..MANY).for_each(|n| unmount(&point(n)));
        for (n, file) in files.into_iter().enumerate().rev() {
            assert_eq!(
                all[n].life(),
                or_unknown(&all[n], MountLife::Detached),
                "{n}"
            );
            drop(file);
            assert_eq!(end_of(&all[n]), or_unknown(&all[n], MountLife::Gone), "{n}");
        }
        drop((all, witnesses));
        assert_eq!(descriptors(), before);
    });
}

/// A second witness of one mount has a mark of its own, which the first does not take for its own.
#[test]
fn two_witnesses_of_one_mount_are_equal_and_both_see_its_end() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let witnesses = Witnesses::new();
        let of = || witnesses.of(File::open(&point).expect("there"));
        let (one, two) = (of().expect("statx"), of().expect("statx"));
        assert_eq!(one, two);
        assert_ne!(one, MountWitness::open(base).expect("there"));
        unmount(&point);
        for witness in [&one, &two] {
            assert_eq!(end_of(witness), or_unknown(witness, MountLife::Gone));
        }
    });
}

#[test]
fn a_descriptor_tells_whether_its_mount_was_detached() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let open = |path: &Path| {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            openat(CWD, path, flags, Mode::empty()).expect("there")
        };
        let place = open(&point);
        let knows = KernelQueries::cached() >= KernelQueries::Ids;
        assert_eq!(is_detached(&place), knows.then_some(false));
        unmount(&point);
        // Only Linux 7.0 can be asked about a mount that is in no namespace.
        let told = support::kernel::since(7, 0).then_some(true);
        assert_eq!(is_detached(&place), told);
        assert_eq!(is_detached(open(base)), knows.then_some(false));
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let tree = rustix::mount::open_tree(CWD, base, flags).expect("a private mount");
        assert_eq!(is_detached(tree.as_fd()), told);
    });
}

#[test]
fn a_mount_is_known_to_be_there_and_to_be_gone() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let dir = File::open(base).expect("there");
        let seen = identity_at(&dir, Path::new("m")).expect("there");
        let Some(id) = seen.unique_id else {
            assert_eq!(KernelQueries::cached(), KernelQueries::Absent);
            return;
        };
        assert_eq!(is_mounted(id), Some(true));
        let kept = File::open(&point).expect("readable");
        unmount(&point);
        assert_eq!(
            is_mounted(id),
            Some(false),
            "detached, though {kept:?} is open"
        );
    });
}

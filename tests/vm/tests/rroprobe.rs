//! rroprobe on real kernels: no before 5.12, yes from it on.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic is the report

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use rroprobe::{
    Absence, Denial, ErrorKind, KernelSupport, Verdict, make_recursively_read_only,
    make_recursively_read_only_fd, prove, runtime_support,
};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags, set_capabilities};
use support::kernel::{expect_since, since};
use support::namespace::{isolated, with};
use support::scene;

#[test]
#[ignore = "vm: needs root in a guest"]
fn the_answer_is_that_of_the_kernel() {
    isolated(|| {
        let answer = KernelSupport::probe();
        expect_since(5, 12, "mount_setattr", answer.is_supported());
        if !since(5, 12) {
            assert_eq!(answer, KernelSupport::Absent(Absence::OldKernel));
            let verdict = Verdict::new(answer, runtime_support(Some(&["rro"]))).to_string();
            assert!(verdict.contains("older than 5.12"), "{verdict}");
        }
        assert!(answer.is_lasting());
        assert_eq!(
            (KernelSupport::cached(), KernelSupport::cached()),
            (answer, answer)
        );
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn without_privilege_the_kernel_still_tells_whether_it_could() {
    isolated(|| {
        drop_capabilities();
        let want = if since(5, 12) {
            KernelSupport::Denied(Denial::Privilege)
        } else {
            KernelSupport::Absent(Absence::OldKernel)
        };
        assert_eq!((KernelSupport::probe(), prove()), (want, want));
    });
}

/// This thread's alone.
fn drop_capabilities() {
    let none = CapabilitySet::empty();
    let sets = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    set_capabilities(None, sets).unwrap();
}

/// All that a probe could leave behind.
fn surroundings() -> (Vec<u8>, BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let names = |directory: &str| -> BTreeSet<PathBuf> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let table = std::fs::read("/proc/thread-self/mountinfo").unwrap();
    (table, names("/tmp"), names("/proc/self/fd"))
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn the_proof_agrees_and_leaves_nothing() {
    isolated(|| {
        let before = surroundings();
        for _ in 0..20 {
            let answer = prove();
            expect_since(5, 12, "the effect", answer.is_supported());
            assert_eq!(answer, KernelSupport::probe());
        }
        assert_eq!(surroundings(), before);
    });
}

fn tree() -> (PathBuf, Vec<PathBuf>) {
    let top = PathBuf::from("/tmp/tree");
    let mounts = vec![top.clone(), top.join("below"), top.join("below/deeper")];
    mounts.iter().for_each(|at| scene::tmpfs(at));
    (top, mounts)
}

#[track_caller]
fn check(mounts: &[PathBuf], read_only: bool) {
    for mount in mounts {
        let written = std::fs::write(mount.join("file"), "");
        assert_eq!(written.is_err(), read_only, "{}", mount.display());
    }
}

/// What an old kernel must answer.
#[track_caller]
fn absent_and_unchanged(top: &Path, mounts: &[PathBuf]) {
    let error = make_recursively_read_only(top).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    check(mounts, false);
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn a_whole_tree_becomes_read_only_or_nothing_of_it() {
    isolated(|| {
        let (top, mounts) = tree();
        let outcome = make_recursively_read_only(&top);
        expect_since(5, 12, "making a tree read-only", outcome.is_ok());
        if let Err(error) = &outcome {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("older than 5.12"), "{error}");
        }
        check(&mounts, outcome.is_ok());
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn a_busy_submount_is_told_and_nothing_changes() {
    isolated(|| {
        let (top, mounts) = tree();
        if !since(5, 12) {
            return absent_and_unchanged(&top, &mounts);
        }
        for busy in &mounts {
            let writer = File::create(busy.join("held")).unwrap();
            let error = make_recursively_read_only(&top).unwrap_err();
            assert_eq!(
                (error.kind(), error.path()),
                (ErrorKind::Busy, Some(top.as_path())),
                "{error}"
            );
            check(&mounts, false);
            drop(writer);
        }
        make_recursively_read_only(&top).unwrap();
        check(&mounts, true);
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn a_detached_tree_is_read_only_before_it_is_seen() {
    isolated(|| {
        let (top, mounts) = tree();
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE;
        let detached = open_tree(CWD, &top, flags).unwrap();
        if since(5, 12) {
            let create = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
            let writer = openat(&detached, "below/held", create, Mode::RWXU).unwrap();
            let error = make_recursively_read_only_fd(&detached).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
            drop(writer);
        }
        let outcome = make_recursively_read_only_fd(&detached);
        expect_since(5, 12, "a detached tree", outcome.is_ok());
        let there = Path::new("/tmp/there");
        std::fs::create_dir(there).unwrap();
        let empty_path = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(&detached, "", CWD, there, empty_path).unwrap();
        let copies = ["", "below", "below/deeper"].map(|path| there.join(path));
        check(&copies, outcome.is_ok());
        check(&mounts, false);
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn what_is_no_mount_or_elsewhere_is_told_in_words() {
    isolated(|| {
        let (top, mounts) = tree();
        if !since(5, 12) {
            return absent_and_unchanged(&top, &mounts);
        }
        let plain = top.join("plain");
        std::fs::create_dir(&plain).unwrap();
        let error = make_recursively_read_only(&plain).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAMountPoint);
        let outer = openat(CWD, &top, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let kind = with(UnshareFlags::NEWNS, || {
            make_recursively_read_only_fd(&outer).unwrap_err().kind()
        });
        assert_eq!(kind, ErrorKind::OtherNamespace);
        check(&mounts, false);
    });
}

//! Trees of real mounts, in namespaces of their own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rroprobe::{
    ErrorKind, make_recursively_read_only as make_rro, make_recursively_read_only_fd as make_rro_fd,
};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, mount_bind, move_mount, open_tree};
use support::namespace::own;
use support::space::Space;

use crate::threads::{
    Mapping, tmpfs, tmpfs_on_tmp, unshare_mounts, with_mount_setattr_failing, without_capabilities,
};

/// `tree`, `tree/sub`, `tree/sub/deep` and `tree/other` are mounts of their own; so is `beside`.
struct Fixture {
    tree: PathBuf,
    mounts: Vec<PathBuf>,
    beside: PathBuf,
}

fn fixture() -> Fixture {
    tmpfs_on_tmp();
    let tree = std::env::temp_dir().join("tree");
    let beside = std::env::temp_dir().join("beside");
    let mounts = vec![
        tree.clone(),
        tree.join("sub"),
        tree.join("sub/deep"),
        tree.join("other"),
    ];
    mounts.iter().chain([&beside]).for_each(|at| tmpfs(at));
    Fixture {
        tree,
        mounts,
        beside,
    }
}

#[track_caller]
fn all_writable(mounts: &[PathBuf]) {
    for mount in mounts {
        let file = mount.join("try");
        File::create(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        fs::remove_file(file).unwrap();
    }
}

#[track_caller]
fn all_read_only(mounts: &[PathBuf]) {
    for mount in mounts {
        let error = File::create(mount.join("try")).expect_err("the mount is read-only");
        assert_eq!(error.kind(), io::ErrorKind::ReadOnlyFilesystem, "{mount:?}");
    }
}

fn clone_tree(at: &Path) -> OwnedFd {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, at, flags).unwrap()
}

fn create_in(tree: &OwnedFd, path: &str) -> Result<OwnedFd, rustix::io::Errno> {
    openat(
        tree,
        path,
        OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC,
        Mode::RWXU,
    )
}

#[test]
fn a_tree_becomes_read_only_whole_and_nothing_beside_it() {
    own(Space::MOUNTS, || {
        let Fixture {
            tree,
            mounts,
            beside,
        } = fixture();
        all_writable(&mounts);
        make_rro(&tree).unwrap();
        all_read_only(&mounts);
        all_writable(&[beside]);
        make_rro(&tree).expect("doing it again changes nothing");
    });
}

#[test]
fn it_works_in_a_user_namespace() {
    own(Space::MOUNTS.in_new_user_namespace(), || {
        let Fixture {
            tree,
            mounts,
            beside,
        } = fixture();
        make_rro(&tree).unwrap();
        all_read_only(&mounts);
        all_writable(&[beside]);
    });
}

#[test]
fn a_descriptor_stands_for_its_mount() {
    own(Space::MOUNTS, || {
        let Fixture { tree, mounts, .. } = fixture();
        let sub = openat(CWD, tree.join("sub"), OFlags::PATH, Mode::empty()).unwrap();
        make_rro_fd(&sub).unwrap();
        all_read_only(&mounts[1..3]);
        all_writable(&[mounts[0].clone(), mounts[3].clone()]);
    });
}

#[test]
fn a_busy_submount_is_told_and_nothing_changes() {
    own(Space::MOUNTS, || {
        let Fixture { tree, mounts, .. } = fixture();
        for busy in &mounts {
            let writer = File::create(busy.join("held")).unwrap();
            let error = make_rro(&tree).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Busy);
            assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
            assert_eq!(error.path(), Some(tree.as_path()));
            assert!(error.to_string().contains("open for writing"), "{error}");
            all_writable(&mounts);
            drop(writer);
        }
        let reader = File::open(&tree).unwrap();
        make_rro(&tree).expect("readers do not hold a mount");
        all_read_only(&mounts);
        drop(reader);
    });
}

#[test]
fn a_mapped_file_is_a_writer_too() {
    own(Space::MOUNTS, || {
        let Fixture { tree, mounts, .. } = fixture();
        let path = mounts[1].join("mapped");
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        file.set_len(4096).unwrap();
        let mapping = Mapping::of(&file);
        drop(file);
        let error = make_rro(&tree).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        all_writable(&mounts);
        drop(mapping);
        make_rro(&tree).unwrap();
    });
}

#[test]
fn names_of_any_bytes_are_kept() {
    own(Space::MOUNTS, || {
        let Fixture { tree, .. } = fixture();
        let odd = tree.join(OsStr::from_bytes(b"a b\tc\nd\\040\xff#"));
        tmpfs(&odd);
        let writer = File::create(odd.join("held")).unwrap();
        assert_eq!(make_rro(&odd).unwrap_err().path(), Some(odd.as_path()));
        drop(writer);
        make_rro(&odd).unwrap();
        all_read_only(&[odd]);
    });
}

#[test]
fn a_detached_tree_is_read_only_before_anyone_sees_it() {
    own(Space::MOUNTS, || {
        let Fixture {
            tree,
            mounts,
            beside,
        } = fixture();
        let detached = clone_tree(&tree);
        make_rro_fd(&detached).unwrap();
        for path in ["x", "sub/x", "sub/deep/x", "other/x"] {
            assert_eq!(
                create_in(&detached, path).unwrap_err(),
                rustix::io::Errno::ROFS
            );
        }
        all_writable(&mounts);
        move_mount(
            &detached,
            "",
            CWD,
            &beside,
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
        )
        .unwrap();
        let copies = [
            beside.clone(),
            beside.join("sub"),
            beside.join("sub/deep"),
            beside.join("other"),
        ];
        all_read_only(&copies);
        all_writable(&mounts);
    });
}

#[test]
fn a_busy_mount_of_a_detached_tree_is_told() {
    own(Space::MOUNTS, || {
        let Fixture { tree, .. } = fixture();
        let _elsewhere = File::create(tree.join("sub/deep/elsewhere")).unwrap();
        let detached = clone_tree(&tree);
        for file in ["x", "sub/x", "sub/deep/x"] {
            let writer = create_in(&detached, file).unwrap();
            let error = make_rro_fd(&detached).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Busy);
            drop(writer);
        }
        make_rro_fd(&detached).unwrap();
    });
}

#[test]
fn what_is_no_mount_is_refused_in_words() {
    own(Space::MOUNTS, || {
        let Fixture { tree, mounts, .. } = fixture();
        let plain = tree.join("plain");
        fs::create_dir(&plain).unwrap();
        let error = make_rro(&plain).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAMountPoint);
        assert_eq!(
            (error.raw_os_error(), error.path()),
            (Some(libc::EINVAL), Some(plain.as_path()))
        );
        let missing = tree.join("missing");
        let error = make_rro(&missing).unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::NotFound, Some(missing.as_path()))
        );
        all_writable(&mounts);
    });
}

#[test]
fn a_mount_of_another_namespace_is_told_apart() {
    own(Space::MOUNTS, || {
        let Fixture { tree, mounts, .. } = fixture();
        let outer = openat(CWD, &tree, OFlags::PATH, Mode::empty()).unwrap();
        let kind = thread::spawn(move || {
            unshare_mounts();
            make_rro_fd(&outer).unwrap_err().kind()
        });
        assert_eq!(kind.join().unwrap(), ErrorKind::OtherNamespace);
        all_writable(&mounts);
    });
}

#[test]
fn a_missing_privilege_and_filters_are_told_in_words() {
    own(Space::MOUNTS, || {
        let Fixture { tree, mounts, .. } = fixture();
        let error = without_capabilities(|| make_rro(&tree).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.to_string().contains("CAP_SYS_ADMIN"), "{error}");
        let error = with_mount_setattr_failing(libc::EPERM, || make_rro(&tree).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.to_string().contains("seccomp"), "{error}");
        let error = with_mount_setattr_failing(libc::ENOSYS, || make_rro(&tree).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.raw_os_error(), Some(libc::ENOSYS));
        all_writable(&mounts);
    });
}

#[test]
fn a_mount_on_a_socket_needs_no_open_of_the_socket() {
    own(Space::MOUNTS, || {
        tmpfs_on_tmp();
        let socket = std::env::temp_dir().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        mount_bind(&socket, &socket).unwrap();
        make_rro(&socket).expect("a socket cannot be opened, but it can be named");
    });
}

#[test]
fn a_path_that_may_not_be_walked_is_denied() {
    own(Space::MOUNTS, || {
        tmpfs_on_tmp();
        let shut = std::env::temp_dir().join("shut");
        tmpfs(&shut);
        tmpfs(&shut.join("tree"));
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
        let error = without_capabilities(|| make_rro(&shut.join("tree")).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert_eq!(error.raw_os_error(), Some(libc::EACCES));
        assert!(error.to_string().starts_with("open("), "{error}");
    });
}

/// A file that is open for writing for a few milliseconds makes it wait, not fail.
#[test]
fn a_writer_that_soon_ends_is_waited_for() {
    own(Space::MOUNTS, || {
        tmpfs_on_tmp();
        // A machine without time to spare may let the writer live longer than the tries last.
        let waited = (0..10).any(|round| {
            let tree = std::env::temp_dir().join(format!("tree{round}"));
            tmpfs(&tree);
            let writer = File::create(tree.join("open")).unwrap();
            let writer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(10));
                drop(writer);
            });
            let done = make_rro(&tree);
            let still_open = !writer.is_finished();
            writer.join().unwrap();
            assert!(done.is_ok() || done.is_err_and(|error| error.kind() == ErrorKind::Busy));
            !still_open && File::create(tree.join("try")).is_err()
        });
        assert!(waited, "it never waited for a writer of ten milliseconds");
    });
}

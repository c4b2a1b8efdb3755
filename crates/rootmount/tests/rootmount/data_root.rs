//! The data root prepared and released on real mounts.

mod lifecycle;
mod ownership;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rootmount::{
    DataRootOptions, Detach, ErrorKind, Ownership, PlanOptions, PrepareAction, Propagation, Record,
    Released, RootAction, RootOutcome, Rules, SelfBind, execute, plan, prepare, prepare_guarded,
    release, status,
};

use crate::mounts::*;

fn at(base: &Path) -> DataRootOptions {
    DataRootOptions::new(data_root(base), base.join("exec"))
}

fn marker(options: &DataRootOptions) -> PathBuf {
    options.exec_root.join(rootmount::RECORD_NAME)
}

fn is_shared(path: &Path) -> bool {
    table()
        .topmost(path)
        .is_some_and(|row| row.shared().is_some())
}

fn record(options: &DataRootOptions) -> Record {
    Record::from_bytes(&fs::read(marker(options)).unwrap()).unwrap()
}

fn rewrite(options: &DataRootOptions, change: impl FnOnce(&mut Record)) {
    let mut changed = record(options);
    change(&mut changed);
    fs::write(marker(options), changed.to_bytes()).unwrap();
}

/// Takes the copy away, so that only the record in the exec root counts.
fn forget_copy(options: &DataRootOptions) {
    fs::remove_file(options.root.join(".unmount-on-shutdown")).unwrap();
}

fn moby_marker(options: &DataRootOptions) {
    fs::create_dir_all(&options.exec_root).unwrap();
    File::create(marker(options)).unwrap();
    fs::set_permissions(marker(options), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_plain_directory_is_bound_shared_and_released() {
    isolated(|base| {
        let options = at(base);
        let prepared = prepare(&options).unwrap();
        assert_eq!(prepared.action, PrepareAction::Bound);
        assert_eq!(prepared.found, Ownership::Unrecorded);
        assert!(is_shared(&options.root));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&marker(&options)), 0o600);
        assert_eq!(mode(&options.exec_root), 0o700);
        let now = status(&options).unwrap();
        assert_eq!(now.ownership, Ownership::Ours);
        assert_eq!(now.self_bind, SelfBind::Yes);
        assert!(matches!(now.holder.propagation, Propagation::Shared(_)));
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
        assert_eq!(points(&options.root).len(), 0);
        assert!(!marker(&options).exists());
        assert_eq!(fs::read_dir(&options.root).unwrap().count(), 0);
        assert_eq!(fs::read_dir(&options.exec_root).unwrap().count(), 0);
        assert_eq!(release(&options).unwrap(), Released::NotMounted);
    });
}

#[test]
fn the_bind_has_a_peer_group_of_its_own() {
    isolated(|base| {
        let options = at(base);
        prepare(&options).unwrap();
        tmpfs(&options.root.join("x"));
        assert_eq!(points(&options.root).len(), 2);
    });
}

#[test]
fn a_shared_or_slave_holder_is_enough() {
    isolated(|base| {
        shared(base);
        let options = at(base);
        moby_marker(&options);
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::Nothing);
        assert_eq!(points(&options.root).len(), 0);
        // A marker that moby left and nobody needs goes, as moby does it.
        assert!(!marker(&options).exists());
        mount(
            None::<&str>,
            base,
            None::<&str>,
            MsFlags::MS_SLAVE,
            None::<&str>,
        )
        .unwrap();
        // A slave of nobody is private.
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::Bound);
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
    });
}

#[test]
fn an_admins_mount_is_made_shared_and_never_unmounted() {
    isolated(|base| {
        let options = at(base);
        tmpfs(&options.root);
        moby_marker(&options);
        let prepared = prepare(&options).unwrap();
        assert_eq!(prepared.action, PrepareAction::MadeShared);
        assert!(is_shared(&options.root));
        assert!(!marker(&options).exists());
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::Unrecorded)
        ));
        assert_eq!(points(&options.root).len(), 1);
        // Also an admin's bind of the root onto itself.
        let other = DataRootOptions::new(base.join("self"), base.join("exec"));
        bind_self(&other.root);
        assert_eq!(prepare(&other).unwrap().action, PrepareAction::MadeShared);
        assert!(matches!(
            release(&other).unwrap(),
            Released::NotOurs(Ownership::Unrecorded)
        ));
        assert_eq!(points(&other.root).len(), 1);
    });
}

fn bind_self(root: &Path) {
    fs::create_dir_all(root).unwrap();
    bind(root, root);
}

#[test]
fn submounts_stay_visible_and_come_back() {
    isolated(|base| {
        let options = at(base);
        let volumes = tmpfs(&options.root.join("volumes"));
        File::create(volumes.join("data")).unwrap();
        tmpfs(&volumes.join("nested"));
        prepare(&options).unwrap();
        assert!(volumes.join("data").exists());
        assert_eq!(points(&options.root).len(), 5);
        let mut never = options.clone();
        never.detach = Detach::Never;
        assert_eq!(release(&never).unwrap_err().kind(), ErrorKind::Busy);
        assert!(volumes.join("data").exists());
        assert_eq!(release(&options).unwrap(), Released::Detached);
        assert!(volumes.join("data").exists());
        assert_eq!(
            points(&options.root),
            [volumes.clone(), volumes.join("nested")]
        );
    });
}

#[test]
fn a_mount_that_came_later_is_not_taken_along() {
    isolated(|base| {
        let options = at(base);
        tmpfs(&options.root.join("volumes"));
        prepare(&options).unwrap();
        let late = tmpfs(&options.root.join("late"));
        let error = release(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
        assert!(error.to_string().contains("late"), "{error}");
        assert_eq!(points(&options.root).len(), 4);
        unmount(&late);
        assert_eq!(release(&options).unwrap(), Released::Detached);
    });
}

#[test]
fn overlay_symlinked_stacked_and_deleted_roots() {
    isolated_as_root(|base| {
        // On an overlay.
        let merged = overlay(&base.join("layer"));
        let on_overlay = DataRootOptions::new(merged.join("docker"), base.join("exec1"));
        fs::create_dir(&on_overlay.root).unwrap();
        assert_eq!(prepare(&on_overlay).unwrap().action, PrepareAction::Bound);
        assert_eq!(status(&on_overlay).unwrap().self_bind, SelfBind::Yes);
        assert_eq!(release(&on_overlay).unwrap(), Released::Unmounted);
        // Through a symlink, which may change between start and stop.
        let options = at(base);
        let link = base.join("link");
        std::os::unix::fs::symlink(&options.root, &link).unwrap();
        let by_link = DataRootOptions::new(&link, &options.exec_root);
        assert_eq!(prepare(&by_link).unwrap().action, PrepareAction::Bound);
        assert_eq!(status(&options).unwrap().ownership, Ownership::Ours);
        // Somebody mounts over it: what is on top decides, and it is not ours.
        tmpfs(&options.root);
        let covered = status(&by_link).unwrap();
        assert_eq!((covered.stacked, covered.ownership.is_ours()), (2, false));
        assert!(matches!(
            release(&by_link).unwrap(),
            Released::NotOurs(Ownership::OtherMount)
        ));
        assert!(marker(&options).exists());
        unmount(&options.root);
        assert_eq!(release(&by_link).unwrap(), Released::Unmounted);
        // Bound from a directory that is gone.
        let source = base.join("source");
        bind(
            &fs::create_dir(&source).map(|()| source.clone()).unwrap(),
            &options.root,
        );
        fs::remove_dir(&source).unwrap();
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::MadeShared);
        moby_marker(&options);
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::MobyStale(_))
        ));
        assert_eq!(points(&options.root).len(), 1);
    });
}

#[test]
fn a_stack_is_judged_by_its_top() {
    isolated(|base| {
        let options = at(base);
        // Lower private, upper shared: moby looks at the lower.
        bind_self(&options.root);
        bind(&options.root, &options.root);
        shared(&options.root);
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::Nothing);
        moby_marker(&options);
        assert_eq!(status(&options).unwrap().ownership, Ownership::Moby);
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
        assert_eq!(points(&options.root).len(), 1);
    });
}

#[test]
fn a_busy_root_is_detached_or_left() {
    isolated(|base| {
        let mut options = at(base);
        prepare(&options).unwrap();
        let held = File::create(options.root.join("held")).unwrap();
        options.detach = Detach::Never;
        assert_eq!(release(&options).unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(status(&options).unwrap().ownership, Ownership::Ours);
        options.detach = Detach::WhenBusy;
        assert_eq!(release(&options).unwrap(), Released::Detached);
        assert_eq!(points(&options.root).len(), 0);
        drop(held);
    });
}

#[test]
fn a_read_only_root_or_a_directory_in_place_of_the_copy_is_no_hindrance() {
    isolated_as_root(|base| {
        let disk = tmpfs(&base.join("disk"));
        let root = disk.join("docker");
        fs::create_dir(&root).unwrap();
        let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(None::<&str>, &disk, None::<&str>, read_only, None::<&str>).unwrap();
        let planted = base.join("planted");
        fs::create_dir_all(planted.join(".unmount-on-shutdown/x")).unwrap();
        for root in [root, planted] {
            let options = DataRootOptions::new(&root, base.join("exec"));
            assert_eq!(prepare(&options).unwrap().action, PrepareAction::Bound);
            assert_eq!(status(&options).unwrap().ownership, Ownership::Ours);
            assert_eq!(release(&options).unwrap(), Released::Unmounted);
            assert!(!marker(&options).exists());
            assert_eq!(status(&options).unwrap().ownership, Ownership::Unrecorded);
        }
    });
}

#[test]
fn a_relative_exec_root_is_refused() {
    isolated(|base| {
        let options = DataRootOptions::new(data_root(base), "exec");
        for error in [
            prepare(&options).map(drop).unwrap_err(),
            release(&options).map(drop).unwrap_err(),
            status(&options).map(drop).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::BadRoot, "{error}");
        }
        assert!(!Path::new("exec").exists());
    });
}

#[test]
fn bad_roots_are_refused() {
    isolated(|base| {
        File::create(base.join("file")).unwrap();
        for (root, kind) in [
            (PathBuf::from("relative"), ErrorKind::BadRoot),
            (PathBuf::from("/"), ErrorKind::BadRoot),
            (PathBuf::from("/proc/.."), ErrorKind::BadRoot),
            (base.join("missing"), ErrorKind::BadRoot),
            (base.join("file"), ErrorKind::BadRoot),
        ] {
            let options = DataRootOptions::new(&root, base.join("exec"));
            for error in [
                prepare(&options).map(drop).unwrap_err(),
                release(&options).map(drop).unwrap_err(),
                status(&options).map(drop).unwrap_err(),
            ] {
                assert_eq!(error.kind(), kind, "{error}");
            }
            assert!(!options.exec_root.exists());
        }
    });
}

on_every_kernel! {
    a_plain_directory_is_bound_shared_and_released
    the_bind_has_a_peer_group_of_its_own
    a_shared_or_slave_holder_is_enough
    an_admins_mount_is_made_shared_and_never_unmounted
    submounts_stay_visible_and_come_back
    a_mount_that_came_later_is_not_taken_along
    overlay_symlinked_stacked_and_deleted_roots
    a_stack_is_judged_by_its_top
    a_busy_root_is_detached_or_left
    a_read_only_root_or_a_directory_in_place_of_the_copy_is_no_hindrance
    a_relative_exec_root_is_refused
    bad_roots_are_refused
}

//! The data root prepared and released on real mounts.

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
fn ownership_survives_a_crash_and_a_live_restore() {
    isolated(|base| {
        let options = at(base);
        prepare(&options).unwrap();
        for _ in 0..3 {
            // No release: the daemon was killed, or left its containers running.
            let again = prepare(&options).unwrap();
            assert_eq!(again.action, PrepareAction::KeptOurs);
            assert_eq!(points(&options.root).len(), 1);
        }
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
    });
}

#[test]
fn ownership_survives_a_changed_exec_root() {
    isolated(|base| {
        let old = at(base);
        prepare(&old).unwrap();
        let mut new = old.clone();
        new.exec_root = base.join("new/exec");
        assert_eq!(status(&new).unwrap().ownership, Ownership::Ours);
        assert_eq!(prepare(&new).unwrap().action, PrepareAction::KeptOurs);
        assert_eq!(record(&new).mount_id, record(&old).mount_id);
        assert_eq!(release(&new).unwrap(), Released::Unmounted);
        assert!(!marker(&new).exists());
        // The old record names a mount that is gone.
        assert_eq!(status(&old).unwrap().ownership, Ownership::OtherMount);
    });
}

#[test]
fn a_record_of_another_boot_or_mount_is_left_and_not_acted_upon() {
    isolated(|base| {
        let options = at(base);
        prepare(&options).unwrap();
        forget_copy(&options);
        let good = fs::read(marker(&options)).unwrap();
        let changes: [fn(&mut Record); 5] = [
            |r| r.boot_id = "another".to_owned(),
            |r| r.unique_id = Some(rootmount::UniqueMountId(7)),
            |r| (r.unique_id, r.mount_id) = (None, Some(rootmount::MountId(7))),
            |r| (r.unique_id, r.root) = (None, PathBuf::from("/else")),
            |r| r.path = PathBuf::from("/another/root"),
        ];
        for change in changes {
            fs::write(marker(&options), &good).unwrap();
            rewrite(&options, change);
            let before = fs::read(marker(&options)).unwrap();
            let released = release(&options).unwrap();
            assert!(matches!(released, Released::NotOurs(_)), "{released:?}");
            assert_eq!(points(&options.root).len(), 1, "{released:?}");
            assert_eq!(prepare(&options).unwrap().action, PrepareAction::Nothing);
            // It is reported and left, unless the mount it names is gone.
            if released != Released::NotOurs(Ownership::OtherMount) {
                assert_eq!(fs::read(marker(&options)).unwrap(), before, "{released:?}");
            }
        }
        fs::write(marker(&options), &good).unwrap();
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
    });
}

#[test]
fn a_corrupt_record_is_set_aside_when_its_place_is_needed() {
    isolated(|base| {
        let options = at(base);
        fs::create_dir_all(&options.exec_root).unwrap();
        fs::write(marker(&options), "data root rec").unwrap();
        assert!(matches!(
            status(&options).unwrap().ownership,
            Ownership::Corrupt(_)
        ));
        assert_eq!(release(&options).unwrap(), Released::NotMounted);
        assert!(marker(&options).exists());
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::Bound);
        let aside = options.exec_root.join("unmount-on-shutdown.corrupt");
        assert_eq!(fs::read(aside).unwrap(), b"data root rec");
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
    });
}

#[test]
fn a_record_that_others_could_have_written_is_not_believed() {
    isolated(|base| {
        let options = at(base);
        prepare(&options).unwrap();
        forget_copy(&options);
        let good = fs::read(marker(&options)).unwrap();
        fs::set_permissions(marker(&options), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::Corrupt(_))
        ));
        fs::remove_file(marker(&options)).unwrap();
        fs::write(base.join("real"), &good).unwrap();
        std::os::unix::fs::symlink(base.join("real"), marker(&options)).unwrap();
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::Corrupt(_))
        ));
        fs::remove_file(marker(&options)).unwrap();
        fs::create_dir(marker(&options)).unwrap();
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::Corrupt(_))
        ));
        assert_eq!(points(&options.root).len(), 1);
    });
}

#[test]
fn two_roots_cannot_share_an_exec_root() {
    isolated(|base| {
        let one = at(base);
        prepare(&one).unwrap();
        let two = DataRootOptions::new(base.join("two"), &one.exec_root);
        fs::create_dir(&two.root).unwrap();
        let error = prepare(&two).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RecordInUse, "{error}");
        assert_eq!(points(&two.root).len(), 0);
        // Once the other's mount is gone its record is in nobody's way.
        umount2(&one.root, MntFlags::empty()).unwrap();
        assert_eq!(prepare(&two).unwrap().action, PrepareAction::Bound);
    });
}

#[test]
fn the_marker_of_moby_is_honoured() {
    isolated(|base| {
        let options = at(base);
        bind_self(&options.root);
        shared(&options.root);
        moby_marker(&options);
        assert_eq!(status(&options).unwrap().ownership, Ownership::Moby);
        // moby would forget here that the bind is its own.
        assert_eq!(prepare(&options).unwrap().action, PrepareAction::KeptOurs);
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
        assert!(!marker(&options).exists());
        // Not without the mount, and not for another filesystem.
        moby_marker(&options);
        assert_eq!(release(&options).unwrap(), Released::NotMounted);
        assert!(!marker(&options).exists());
        moby_marker(&options);
        tmpfs(&options.root);
        shared(&options.root);
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::MobyStale(_))
        ));
        assert_eq!(points(&options.root).len(), 1);
    });
}

#[test]
fn the_exact_test_holds_where_the_suffix_fails() {
    isolated_as_root(|base| {
        // A subtree mounted as a subvolume is: the root field has a prefix.
        fs::create_dir_all(base.join("@/var")).unwrap();
        let top = base.join("top");
        bind(&base.join("@"), &top);
        let options = DataRootOptions::new(top.join("var/docker"), base.join("exec"));
        fs::create_dir_all(&options.root).unwrap();
        bind_self(&options.root);
        shared(&options.root);
        moby_marker(&options);
        assert_eq!(status(&options).unwrap().self_bind, SelfBind::Yes);
        assert_eq!(release(&options).unwrap(), Released::Unmounted);
        // Another directory of that name is not the root, whatever its suffix.
        let other = base.join("elsewhere/var/docker");
        fs::create_dir_all(&other).unwrap();
        bind(&other, &options.root);
        shared(&options.root);
        moby_marker(&options);
        assert_eq!(status(&options).unwrap().self_bind, SelfBind::No);
        assert!(matches!(
            release(&options).unwrap(),
            Released::NotOurs(Ownership::MobyStale(_))
        ));
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
fn a_failed_start_leaves_nothing() {
    isolated(|base| {
        let options = at(base);
        let guard = prepare_guarded(&options).unwrap();
        assert_eq!(guard.prepared().action, PrepareAction::Bound);
        drop(guard);
        assert_eq!(points(&options.root).len(), 0);
        assert!(!marker(&options).exists());
        let kept = prepare_guarded(&options).unwrap().keep();
        assert_eq!(kept.action, PrepareAction::Bound);
        // A guard releases only what it bound.
        drop(prepare_guarded(&options).unwrap());
        assert_eq!(points(&options.root).len(), 1);
    });
}

#[test]
fn a_preparation_that_fails_leaves_nothing() {
    isolated(|base| {
        // The exec root cannot be made.
        let mut options = at(base);
        File::create(base.join("file")).unwrap();
        options.exec_root = base.join("file/exec");
        assert_eq!(prepare(&options).unwrap_err().kind(), ErrorKind::Record);
        assert_eq!(points(&options.root).len(), 0);
        // The holder cannot be bound.
        let mut options = at(base);
        options.exec_root = base.join("exec");
        mount(
            None::<&str>,
            base,
            None::<&str>,
            MsFlags::MS_UNBINDABLE,
            None::<&str>,
        )
        .unwrap();
        let error = prepare(&options).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(22), "{error}");
        assert!(!marker(&options).exists());
        assert_eq!(points(&options.root).len(), 0);
        // No boot id.
        private(base);
        options.boot_id = base.join("none");
        assert_eq!(prepare(&options).unwrap_err().kind(), ErrorKind::Record);
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
fn shutdown_sweeps_and_then_releases() {
    isolated(|base| {
        let options = at(base);
        prepare(&options).unwrap();
        shm(&options.root, 1);
        let live = shm(&options.root, 2);
        let run = |keep: &[String]| {
            let owner = status(&options).unwrap().ownership;
            let wanted = PlanOptions::new(&options.root).keep(keep).release(owner);
            let plan = plan(&table(), &Rules::sweep(), &wanted).unwrap();
            let mut execution = crate::mounts::options();
            execution.data_root = Some(options.clone());
            (
                plan.root_decision().action,
                execute(&plan, &execution).unwrap(),
            )
        };
        let (action, report) = run(&[id(2)]);
        assert_eq!(action, RootAction::Keep);
        assert!(report.is_clean(), "{report}");
        assert_eq!(points(&options.root), [options.root.clone(), live.clone()]);
        // Not while a step failed.
        let late = tmpfs(&live.join("late"));
        let held = File::create(late.join("held")).unwrap();
        let (action, report) = {
            let owner = status(&options).unwrap().ownership;
            let wanted = PlanOptions::new(&options.root).release(owner);
            let plan = plan(&table(), &Rules::sweep(), &wanted).unwrap();
            let mut execution = crate::mounts::options();
            execution.detach = Detach::Never;
            execution.data_root = Some(options.clone());
            (
                plan.root_decision().action,
                execute(&plan, &execution).unwrap(),
            )
        };
        assert_eq!(action, RootAction::Release);
        assert_eq!(*report.root(), RootOutcome::Held, "{report}");
        drop(held);
        let (_, report) = run(&[]);
        assert_eq!(
            *report.root(),
            RootOutcome::Released { lazily: false },
            "{report}"
        );
        assert!(report.is_clean());
        assert_eq!(points(&options.root).len(), 0);
    });
}

#[test]
fn leftovers_hidden_by_the_root_go_after_it() {
    isolated(|base| {
        let options = at(base);
        shm(&options.root, 1);
        // As moby binds: not recursive, so that the leftover is hidden.
        bind_self(&options.root);
        shared(&options.root);
        moby_marker(&options);
        let owner = status(&options).unwrap().ownership;
        let plan = plan(
            &table(),
            &Rules::sweep(),
            &PlanOptions::new(&options.root).release(owner),
        )
        .unwrap();
        assert!(plan.steps()[0].hidden, "{plan}");
        let mut execution = crate::mounts::options();
        execution.data_root = Some(options.clone());
        let report = execute(&plan, &execution).unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(points(&options.root).len(), 0);
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
    ownership_survives_a_crash_and_a_live_restore
    ownership_survives_a_changed_exec_root
    a_record_of_another_boot_or_mount_is_left_and_not_acted_upon
    a_corrupt_record_is_set_aside_when_its_place_is_needed
    a_record_that_others_could_have_written_is_not_believed
    two_roots_cannot_share_an_exec_root
    the_marker_of_moby_is_honoured
    the_exact_test_holds_where_the_suffix_fails
    overlay_symlinked_stacked_and_deleted_roots
    a_stack_is_judged_by_its_top
    a_failed_start_leaves_nothing
    a_preparation_that_fails_leaves_nothing
    a_busy_root_is_detached_or_left
    shutdown_sweeps_and_then_releases
    leftovers_hidden_by_the_root_go_after_it
    a_read_only_root_or_a_directory_in_place_of_the_copy_is_no_hindrance
    a_relative_exec_root_is_refused
    bad_roots_are_refused
}

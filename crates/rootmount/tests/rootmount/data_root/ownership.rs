//! Whose a mount at the root is: records, moby's markers, and what they survive.

use super::*;

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

on_every_kernel! {
    ownership_survives_a_crash_and_a_live_restore
    ownership_survives_a_changed_exec_root
    a_record_of_another_boot_or_mount_is_left_and_not_acted_upon
    a_corrupt_record_is_set_aside_when_its_place_is_needed
    a_record_that_others_could_have_written_is_not_believed
    two_roots_cannot_share_an_exec_root
    the_marker_of_moby_is_honoured
    the_exact_test_holds_where_the_suffix_fails
}

//! Whole trees of mounts, without rules.

use std::path::Path;

use nix::mount::{MntFlags, umount2};
use rootmount::{Detach, ErrorKind, Outcome, TreeOptions, unmount_tree};

use crate::mounts::*;

fn gone(path: &Path) -> usize {
    let report = unmount_tree(path, &TreeOptions::new()).unwrap();
    let done = report.into_result().unwrap();
    done.steps().len()
}

#[test]
fn everything_at_and_below_goes_and_nothing_beside() {
    isolated(|base| {
        let top = tmpfs(&base.join("bundle/rootfs"));
        tmpfs(&top.join("dev"));
        tmpfs(&top.join("dev/shm"));
        // Stacked, covered, and with a name that the table escapes.
        tmpfs(&top.join("dev/shm"));
        tmpfs(&top.join("a b\n\\c"));
        let beside = tmpfs(&base.join("bundle/rootfs2"));
        assert_eq!(gone(&top), 5);
        assert_eq!(points(&base.join("bundle")), [beside]);
        assert_eq!(gone(&top), 0);
        assert_eq!(gone(&base.join("not/there")), 0);
        assert_eq!(gone(&base.join("bundle")), 1);
    });
}

#[test]
fn links_are_followed_once_or_not_at_all() {
    isolated(|base| {
        let real = tmpfs(&base.join("real/tree"));
        std::os::unix::fs::symlink(base.join("real"), base.join("way")).unwrap();
        std::os::unix::fs::symlink("real/tree", base.join("link")).unwrap();
        let unfollowed = TreeOptions::new().no_follow(true);
        let report = unmount_tree(base.join("link"), &unfollowed).unwrap();
        assert_eq!(report.steps().len(), 0, "{report}");
        assert_eq!(gone(&base.join("link")), 1);
        tmpfs(&real);
        assert_eq!(gone(&base.join("way/tree/../tree/")), 1);
        tmpfs(&real);
        std::env::set_current_dir(base).unwrap();
        assert_eq!(gone(Path::new("way/tree")), 1);
        std::env::set_current_dir("/").unwrap();
    });
}

#[test]
fn a_directory_of_the_root_is_a_tree_and_the_root_is_none() {
    isolated(|base| {
        let _ = base;
        let top = Path::new("/mnt");
        if top.is_dir() && points(top).is_empty() {
            tmpfs(top);
            assert_eq!(gone(top), 1);
        } else {
            support::skip::in_part("/mnt is not an empty directory of /");
        }
        let error = unmount_tree("/", &TreeOptions::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRoot);
    });
}

#[test]
fn what_is_left_is_an_error_with_its_cause() {
    isolated(|base| {
        let busy = tmpfs(&base.join("busy"));
        let open = std::fs::File::open(&busy).unwrap();
        let options = TreeOptions::new().detach(Detach::Never);
        let report = unmount_tree(&busy, &options).unwrap();
        assert!(
            matches!(report.steps()[0].outcome, Outcome::Busy { .. }),
            "{report}"
        );
        let error = report.into_result().unwrap_err();
        assert_eq!(
            (error.kind(), error.raw_os_error()),
            (ErrorKind::Busy, Some(16))
        );
        let error = std::io::Error::from(error);
        assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
        assert!(error.to_string().contains("busy"), "{error}");
        // By force and lazily it goes.
        let report = unmount_tree(&busy, &TreeOptions::new().force(true)).unwrap();
        assert_eq!(report.steps()[0].outcome.as_str(), "detached");
        drop(open);
        assert!(umount2(&busy, MntFlags::empty()).is_err());
    });
}

on_every_kernel! {
    everything_at_and_below_goes_and_nothing_beside
    links_are_followed_once_or_not_at_all
    what_is_left_is_an_error_with_its_cause
}

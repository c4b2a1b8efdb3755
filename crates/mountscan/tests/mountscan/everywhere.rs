//! Mounts of all namespaces, and mounts that no table has.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

use mountscan::{
    DetachedMount, HoldersOptions, MountUse, Namespaces, Survey, directory_users, mount_at,
    namespaces,
};
use rustix::mount::UnmountFlags;

use support::namespace;

use crate::namespace::{isolated, tmpfs, unmount};
use crate::uses::support_map;

fn all() -> Namespaces {
    namespaces(&HoldersOptions::new()).expect("readable")
}

#[test]
fn a_mount_that_is_gone_here_is_found_by_its_path_in_another_namespace() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let having = || {
            let spaces = all().namespaces.into_iter();
            let having = spaces.filter(|space| space.table.is_mount_point(&point));
            having.map(|space| space.is_own).collect::<Vec<bool>>()
        };
        assert_eq!(having(), [true]);
        namespace::beside_a_copy(
            || {},
            || {
                assert_eq!(having(), [true, false]);
                unmount(&point);
                assert_eq!(having(), [false]);
            },
        );
        assert_eq!(having(), [] as [bool; 0]);
    });
}

#[test]
fn a_mount_that_no_table_has_is_found_with_who_keeps_it() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let mount = mount_at(&point).expect("there");
        let mut how = File::options();
        let how = how.read(true).write(true).create(true).truncate(true);
        let file = how.open(point.join("f")).expect("writable");
        let memory = rustix::fs::memfd_create("some", rustix::fs::MemfdFlags::CLOEXEC);
        let _others = (
            memory.expect("memory"),
            std::os::unix::net::UnixStream::pair().expect("sockets"),
        );
        let ours = || -> Vec<DetachedMount> {
            let mut options = HoldersOptions::new();
            options.uses = true;
            let found = Survey::read(&options).expect("readable").detached();
            let is_ours = |mount: &DetachedMount| {
                let mut keepers = mount.kept_by.iter();
                keepers.any(|process| process.pid == std::process::id())
            };
            found.into_iter().filter(is_ours).collect()
        };
        assert_eq!(ours(), []);
        rustix::mount::unmount(&point, UnmountFlags::DETACH).expect("ours");
        let found = ours();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].mount_id, Some(mount.mount_id));
        assert_eq!(found[0].device, Some(mount.device));
        assert_eq!(found[0].is_file_system_mounted, Some(false));
        let kept_by = found[0].kept_by.iter();
        let mine = kept_by.filter(|process| process.pid == std::process::id());
        let how = MountUse::Descriptor(file.as_raw_fd() as u32);
        assert!(mine.flat_map(|p| &p.uses).any(|u| *u == how), "{found:?}");
        // A mapping alone keeps the file system, and the kernel does not name its mount.
        file.set_len(4096).expect("writable");
        let map = support_map(&file);
        let how = |found: &[DetachedMount]| -> Vec<MountUse> {
            let kept_by = found.iter().flat_map(|mount| &mount.kept_by);
            let mine = kept_by.filter(|process| process.pid == std::process::id());
            let mut uses: Vec<_> = mine.flat_map(|process| process.uses.clone()).collect();
            // Each thread in a namespace of its own has a record.
            uses.dedup();
            uses
        };
        let found = ours();
        assert_eq!(found.len(), 1, "its mount is known: {found:?}");
        assert!(how(&found).contains(&MountUse::Mapping), "{found:?}");
        drop(file);
        let found = ours();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].mount_id, found[0].device),
            (None, Some(mount.device))
        );
        assert_eq!(found[0].is_file_system_mounted, Some(false));
        assert_eq!(how(&found), [MountUse::Mapping]);
        drop(map);
        assert_eq!(ours(), []);
    });
}

#[test]
fn who_uses_files_below_a_directory_is_found_by_their_paths() {
    isolated(|base| {
        for directory in ["a", "ab"] {
            std::fs::create_dir(base.join(directory)).expect("writable");
        }
        let uses = |directory: &str| -> Vec<MountUse> {
            let options = HoldersOptions::new();
            let found = directory_users(&base.join(directory), &options).expect("readable");
            let mine = found
                .processes
                .into_iter()
                .filter(|p| p.pid == std::process::id());
            let mut uses: Vec<MountUse> = mine.flat_map(|process| process.uses).collect();
            uses.dedup();
            uses
        };
        assert_eq!(uses("a"), []);
        let file = File::create(base.join("ab/f")).expect("writable");
        assert_eq!(uses("a"), []);
        let descriptor = MountUse::Descriptor(file.as_raw_fd() as u32);
        assert!(uses("ab").contains(&descriptor));
        std::fs::remove_file(base.join("ab/f")).expect("ours");
        assert!(
            uses("ab").contains(&descriptor),
            "a removed file is open still"
        );
    });
}

#[test]
fn a_socket_that_is_bound_below_a_directory_is_a_use_of_it() {
    isolated(|base| {
        for directory in ["s", "st"] {
            std::fs::create_dir(base.join(directory)).expect("writable");
        }
        let is_used = |directory: &str| {
            let options = HoldersOptions::new();
            let found = directory_users(&base.join(directory), &options).expect("readable");
            let ours = found.processes.into_iter();
            let ours = ours.filter(|process| process.pid == std::process::id());
            let socket = MountUse::Socket(base.join("s/socket"));
            ours.flat_map(|process| process.uses)
                .any(|how| how == socket)
        };
        assert!(!is_used("s"));
        let bound = UnixListener::bind(base.join("s/socket")).expect("writable");
        assert!(is_used("s"));
        assert!(!is_used("st"), "its name only begins alike");
        drop(bound);
        assert!(!is_used("s"), "the file is left, and nobody listens");
    });
}

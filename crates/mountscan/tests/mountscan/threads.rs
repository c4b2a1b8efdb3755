//! Threads that do not share everything with their process.
#![allow(unsafe_code)] // unshare of one thread

use std::collections::HashSet;

use mountscan::{
    HolderProcess, HoldersOptions, MountUse, ResidentsOptions, directory_users, holders, mount_at,
    residents,
};
use rustix::thread::UnshareFlags;

use crate::filtered::refuse;
use crate::namespace::{tmpfs, unmount};
use crate::residents::among_own_processes;

/// A thread that has become other than its process by `unshare`, does something and waits: what
/// `look` sees meanwhile.
fn beside<T>(unshare: UnshareFlags, act: impl FnOnce() + Send, look: impl FnOnce(u32) -> T) -> T {
    std::thread::scope(|scope| {
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            // SAFETY: the thread closes no descriptor that another one has made.
            unsafe { rustix::thread::unshare_unsafe(unshare) }.expect("allowed to each thread");
            act();
            let thread = rustix::thread::gettid().as_raw_nonzero().get();
            ready.send(thread.unsigned_abs()).expect("awaited");
            let _ = is_done.recv();
        });
        let seen = look(is_ready.recv().expect("it is there"));
        drop(done);
        seen
    })
}

#[test]
fn a_thread_beside_its_process_is_found_with_what_is_its_own() {
    let own = "threads::a_thread_beside_its_process_is_found_with_what_is_its_own";
    among_own_processes(own, || {
        let base = tempfile::tempdir().expect("a temporary directory");
        let held = base.path().join("held");
        tmpfs(&held);
        std::fs::write(held.join("file"), "").expect("writable");
        let mount = mount_at(&held).expect("there");
        let mut options = HoldersOptions::new();
        options.uses = true;
        let uses = |thread: u32| -> Vec<MountUse> {
            let found = holders(&mount, &options).expect("readable");
            let of_all = found.namespaces.iter().flat_map(|n| &n.processes);
            let mut of_it = of_all.filter(|process| process.thread == Some(thread));
            let uses = of_it.next().map(|process| process.uses.clone());
            assert_eq!(of_it.next(), None);
            uses.unwrap_or_default()
        };
        let chdir = || rustix::process::chdir(&held).expect("there");
        let chroot = || rustix::process::chroot(&held).expect("allowed here");
        let open = || std::mem::forget(std::fs::File::open(held.join("file")));
        let fs = UnshareFlags::FS;
        assert_eq!(beside(fs, chdir, uses), [MountUse::WorkingDirectory]);
        assert_eq!(beside(fs, chroot, uses), [MountUse::RootDirectory]);
        let found = beside(UnshareFlags::FILES, open, uses);
        assert!(matches!(found[..], [MountUse::Descriptor(_)]), "{found:?}");
        // A thread that shares all with its process is not named beside it.
        assert_eq!(beside(UnshareFlags::empty(), || {}, uses), []);
        // Who lives there is evidence: a clean-up asks for it.
        let lives = |thread: u32| {
            let found = residents(&ResidentsOptions::new());
            let residents = found.expect("readable").residents;
            let of_it = residents.into_iter().filter(|r| r.thread == Some(thread));
            of_it.filter(|r| r.mount_id == Some(mount.mount_id)).count()
        };
        for there in [&chdir as &(dyn Fn() + Sync), &chroot] {
            assert_eq!(beside(fs, there, lives), 1);
        }
        unmount(&held);
    });
}

#[test]
fn where_threads_cannot_be_compared_what_they_share_counts_once() {
    let own = "threads::where_threads_cannot_be_compared_what_they_share_counts_once";
    among_own_processes(own, || {
        let base = tempfile::tempdir().expect("a temporary directory");
        let held = base.path().join("held");
        tmpfs(&held);
        let mount = mount_at(&held).expect("there");
        rustix::process::chdir(&held).expect("there");
        let shared = std::fs::File::create(held.join("file")).expect("writable");
        let kcmp = u32::try_from(libc::SYS_kcmp).expect("a small number");
        let look = |thread: u32| {
            refuse([kcmp, kcmp], libc::EPERM);
            let mut options = HoldersOptions::new();
            options.uses = true;
            let found = holders(&mount, &options).expect("readable");
            let users = directory_users(&held, &options)
                .expect("readable")
                .processes;
            let of_all = found.namespaces.into_iter().flat_map(|n| n.processes);
            let is_using = |process: &HolderProcess| !process.uses.is_empty();
            let all: Vec<HolderProcess> = of_all.filter(is_using).collect();
            for all in [&all, &users] {
                let of_process = all.iter().filter(|process| process.thread.is_none());
                let uses: Vec<_> = of_process.flat_map(|process| &process.uses).collect();
                assert!(uses.contains(&&MountUse::WorkingDirectory), "{all:?}");
                assert_eq!(uses.len(), 2, "{all:?}");
            }
            let found = residents(&ResidentsOptions::new())
                .expect("readable")
                .residents;
            let there = found.iter().filter(|r| r.mount_id == Some(mount.mount_id));
            let ways: Vec<_> = there.map(|r| (r.pid, r.how)).collect();
            assert_eq!(
                ways.len(),
                ways.iter().collect::<HashSet<_>>().len(),
                "{ways:?}"
            );
            let of_threads = |all: Vec<HolderProcess>| -> Vec<(Option<u32>, Vec<MountUse>)> {
                let threads = all.into_iter().filter(|process| process.thread.is_some());
                threads
                    .map(|process| (process.thread, process.uses))
                    .collect()
            };
            let (all, users) = (of_threads(all), of_threads(users));
            assert_eq!(all, users);
            assert!(all.iter().all(|(id, _)| *id == Some(thread)), "{all:?}");
            all.into_iter()
                .flat_map(|(_, uses)| uses)
                .collect::<Vec<_>>()
        };
        // On threads of their own: a filter stays.
        let beside = |unshare, act: &(dyn Fn() + Sync)| {
            std::thread::scope(|scope| {
                let run = || beside(unshare, act, look);
                scope.spawn(run).join().expect("no panic")
            })
        };
        assert_eq!(beside(UnshareFlags::empty(), &|| {}), []);
        let open = || std::mem::forget(std::fs::File::open(held.join("file")));
        let own = beside(UnshareFlags::FILES, &open);
        assert!(matches!(own[..], [MountUse::Descriptor(_)]), "{own:?}");
        drop(shared);
        rustix::process::chdir("/").expect("there");
        unmount(&held);
    });
}

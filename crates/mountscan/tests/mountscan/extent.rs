//! How much of its namespace a table shows, and paths as tables have them.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc;

use mountscan::{ErrorKind, Extent, MountTable, ReadOptions, Source, is_mount_point, resolve};
use rustix::thread::UnshareFlags;

use crate::namespace::{isolated, tmpfs};

fn read(source: Source<'_>) -> MountTable {
    MountTable::read(source, &ReadOptions::new()).expect("readable")
}

/// A thread whose root directory is `root`: what `look` sees while it is there, from outside and
/// inside.
pub(crate) fn with_root(root: &Path, look: impl FnOnce(u32), inside: impl FnOnce() + Send) {
    let (ready, is_ready) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
            rustix::thread::unshare(UnshareFlags::FS).expect("allowed to each thread");
            let proc = File::open("/proc").expect("procfs");
            rustix::process::chroot(root).expect("we may");
            std::env::set_current_dir("/").expect("there");
            drop(proc);
            inside();
            ready.send(rustix::thread::gettid()).expect("awaited");
            is_done.recv().ok();
        });
        let thread = is_ready.recv().expect("it is there");
        look(thread.as_raw_nonzero().get().unsigned_abs());
        drop(done);
    });
}

/// The unique ids of what a process sees are those that its namespace has.
fn ids_are_those_of(own: &MountTable, pid: u32) {
    let mut options = ReadOptions::new();
    options.unique_ids = true;
    let seen = MountTable::read(Source::Pid(pid), &options).expect("readable");
    assert_eq!(seen.has_unique_ids(), support::kernel::since(6, 11));
    assert!(seen.len() < own.len() && !seen.is_empty());
    let own = MountTable::read(Source::Thread, &options).expect("readable");
    for row in seen.rows() {
        let same = own.by_id(row.mount_id()).expect("of the same namespace");
        let want = same.unique_id().filter(|_| seen.has_unique_ids());
        assert_eq!(row.unique_id(), want);
    }
}

#[test]
fn a_process_in_another_root_directory_shows_a_part() {
    isolated(|base| {
        // A directory, and a mount, whose table looks like a whole one.
        for jail in ["directory", "mount"] {
            let root = base.join(jail);
            std::fs::create_dir(&root).expect("writable");
            if jail == "mount" {
                tmpfs(&root);
            }
            tmpfs(&root.join("inside"));
            with_root(
                &root,
                |pid| {
                    let table = read(Source::Pid(pid));
                    assert!(table.is_mount_point(Path::new("/inside")));
                    let knows = jail == "directory" || support::kernel::since(6, 11);
                    let part = if knows { Extent::Part } else { Extent::Unknown };
                    assert_eq!(table.extent(), part, "{jail}");
                    let whole = read(Source::NamespaceOf(pid));
                    let own = read(Source::Thread);
                    assert_eq!(whole.to_bytes(), own.to_bytes());
                    ids_are_those_of(&own, pid);
                },
                || {
                    let mut options = ReadOptions::new();
                    options.proc = "/nothing".into();
                    if let Ok(table) = MountTable::read(Source::Thread, &options) {
                        assert_eq!(table.extent(), Extent::Part, "{jail}");
                    }
                },
            );
        }
    });
}

#[test]
fn a_thread_and_a_process_at_the_namespaces_root_show_all() {
    isolated(|base| {
        let namespace = File::open("/proc/thread-self/ns/mnt").expect("there");
        let tables = [
            read(Source::Thread),
            read(Source::Pid(
                rustix::thread::gettid()
                    .as_raw_nonzero()
                    .get()
                    .unsigned_abs(),
            )),
        ];
        for table in tables {
            let since = if matches!(table.extent(), Extent::Unknown) {
                (6, 11)
            } else {
                (0, 0)
            };
            assert!(since == (0, 0) || !support::kernel::since(since.0, since.1));
            assert_ne!(table.extent(), Extent::Part);
        }
        let whole = read(Source::Namespace(namespace.as_fd())).extent();
        assert_ne!(whole, Extent::Part);
        assert_eq!(MountTable::from_bytes("").extent(), Extent::Unknown);
        assert!(is_mount_point(base).expect("there"));
    });
}

#[test]
fn links_and_dots_lead_to_the_path_that_the_table_has() {
    isolated(|base| {
        tmpfs(&base.join("data/docker"));
        tmpfs(&base.join("data/docker/a"));
        tmpfs(&base.join("data/docker")); // covers both
        std::os::unix::fs::symlink("data/docker", base.join("link")).expect("writable");
        let table = MountTable::current().expect("readable");
        for path in ["link", "link/.", "data/../link", "data//docker/"] {
            let path = resolve(&base.join(path)).expect("there");
            assert_eq!(path, base.join("data/docker"));
            assert_eq!(table.under(&path).len(), 3);
        }
        let missing = resolve(&base.join("missing")).expect_err("not there");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn other_namespaces_by_pid_and_by_file() {
    isolated(|base| {
        tmpfs(&base.join("only-here"));
        let file = File::open("/proc/thread-self/ns/mnt").expect("readable");
        let here = MountTable::current().expect("readable");
        let elsewhere = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    // This thread began in the namespace of its maker.
                    assert_eq!(
                        MountTable::current().expect("readable").to_bytes(),
                        here.to_bytes()
                    );
                    MountTable::of_pid(std::process::id()).expect("our own")
                })
                .join()
                .expect("no panic")
        });
        assert!(
            elsewhere.at(&base.join("only-here")).is_empty(),
            "the process's first thread is outside"
        );
        let by_file = MountTable::read(Source::Namespace(file.as_fd()), &ReadOptions::new())
            .expect("our own");
        assert_eq!(by_file.to_bytes(), here.to_bytes());
    });
    let gone = MountTable::of_pid(u32::MAX >> 1).expect_err("no such process");
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

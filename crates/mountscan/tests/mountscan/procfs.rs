//! Something else lies over procfs, or over a part of it: its word is never taken for the kernel's.

use std::fs::File;
use std::path::Path;

use mountscan::{
    Consistency, ErrorKind, KernelQueries, MountTable, Proc, ProcRoot, ReadOptions, Source,
    WatchOptions, Watcher,
};

use crate::namespace::{bind, isolated, mount, tmpfs, unmount};
use rustix::mount::MountFlags;

const FORGED: &str = "1 0 0:1 / / rw - forged forged rw\n";

/// The answer is the kernel's own, mount by mount, or an error that says why not.
#[track_caller]
fn is_not_believed(source: Source<'_>, options: &ReadOptions, real: &MountTable) {
    match MountTable::read(source, options) {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
            assert!(error.to_string().contains("not procfs"), "{error}");
            let asks = KernelQueries::cached() >= KernelQueries::Rows;
            assert!(!asks || matches!(source, Source::Pid(_)), "{error}");
        }
        Ok(table) => {
            let ids =
                |table: &MountTable| -> Vec<_> { table.rows().map(|row| row.mount_id()).collect() };
            // All that was there before the forgery, and the forgery's own mount.
            assert_eq!(ids(&table)[..real.len()], ids(real));
            assert_eq!(table.len(), real.len() + 1);
            assert!(table.rows().all(|row| *row.fs_type() != *"forged"));
        }
    }
}

fn forged(base: &Path) -> std::path::PathBuf {
    let file = base.join("forged");
    std::fs::write(&file, FORGED).expect("writable");
    file
}

fn covered(point: &Path, with: &Path) -> MountTable {
    let real = MountTable::current().expect("readable");
    rustix::mount::mount_bind(with, point).expect("both are there");
    real
}

#[test]
fn a_file_over_mountinfo_is_not_believed() {
    isolated(|base| {
        let real = covered(Path::new("/proc/thread-self/mountinfo"), &forged(base));
        let mut options = ReadOptions::new();
        is_not_believed(Source::Thread, &options, &real);
        options.unique_ids = true;
        is_not_believed(Source::Thread, &options, &real);
        options.one_moment = true;
        is_not_believed(Source::Thread, &options, &real);
        let watch = Watcher::open(&WatchOptions::new()).expect_err("there is nothing to poll");
        assert_eq!(watch.kind(), ErrorKind::Untrusted, "{watch}");
    });
}

#[test]
fn another_processs_mountinfo_over_our_own_is_not_believed() {
    isolated(|_| {
        let real = covered(
            Path::new("/proc/thread-self/mountinfo"),
            Path::new("/proc/1/mountinfo"),
        );
        is_not_believed(Source::Thread, &ReadOptions::new(), &real);
    });
}

#[test]
fn a_file_over_a_processs_mountinfo_is_not_believed() {
    isolated(|base| {
        let pid = std::process::id();
        let point = format!("/proc/{pid}/mountinfo");
        let real = covered(Path::new(&point), &forged(base));
        is_not_believed(Source::Pid(pid), &ReadOptions::new(), &real);
    });
}

#[test]
fn a_directory_or_a_file_system_over_proc_is_not_believed() {
    isolated(|base| {
        let fake = base.join("proc");
        std::fs::create_dir_all(fake.join("thread-self")).expect("writable");
        std::fs::write(fake.join("thread-self/mountinfo"), FORGED).expect("writable");
        let real = covered(Path::new("/proc"), &fake);
        is_not_believed(Source::Thread, &ReadOptions::new(), &real);
        unmount(Path::new("/proc"));

        let real = MountTable::current().expect("readable again");
        mount(
            b"none",
            Path::new("/proc"),
            "tmpfs",
            MountFlags::empty(),
            "",
        );
        std::fs::create_dir("/proc/thread-self").expect("writable");
        std::fs::write("/proc/thread-self/mountinfo", FORGED).expect("writable");
        is_not_believed(Source::Thread, &ReadOptions::new(), &real);
        unmount(Path::new("/proc"));

        // A part of procfs is not its root.
        let real = covered(Path::new("/proc"), Path::new("/proc/1"));
        is_not_believed(Source::Thread, &ReadOptions::new(), &real);
    });
}

#[test]
fn a_descriptor_of_procfs_is_read_as_procfs_though_something_covers_it() {
    isolated(|base| {
        let proc = File::open("/proc").expect("procfs");
        tmpfs(Path::new("/proc"));
        let mut options = ReadOptions::new();
        options.proc = proc.into();
        options.one_moment = true;
        let table = MountTable::read(Source::Thread, &options).expect("as any other");
        assert_eq!(table.consistency(), Consistency::OneMoment);
        assert!(table.is_mount_point(Path::new("/proc")) && table.is_mount_point(base));
        let mut options = WatchOptions::new();
        options.proc = Proc::from(File::open("/proc").expect("a tmpfs"));
        let error = Watcher::open(&options).expect_err("a tmpfs");
        assert_eq!(error.kind(), ErrorKind::Untrusted);
    });
}

#[test]
fn a_copy_of_another_hosts_procfs_is_taken_on_the_callers_word() {
    let copy = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(copy.path().join("7")).expect("writable");
    std::fs::write(copy.path().join("7/mountinfo"), FORGED).expect("writable");
    let mut options = ReadOptions::new();
    options.proc = copy.path().into();
    let error = MountTable::read(Source::Pid(7), &options).expect_err("no procfs");
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    options.proc = Proc::unchecked(copy.path());
    let table = MountTable::read(Source::Pid(7), &options).expect("taken as it is");
    assert_eq!(table.to_bytes(), FORGED.as_bytes());
}

#[test]
fn a_bind_of_procfs_elsewhere_is_procfs() {
    isolated(|base| {
        bind(Path::new("/proc"), &base.join("proc"));
        let mut options = ReadOptions::new();
        options.proc = base.join("proc").into();
        let table = MountTable::read(Source::Thread, &options).expect("readable");
        let usual = MountTable::current().expect("readable");
        assert_eq!(table.to_bytes(), usual.to_bytes());
    });
}

/// What is asked of an open procfs by a caller who looks at processes.
#[track_caller]
fn is_untrusted<T>(answer: Result<T, mountscan::Error>) {
    let error = answer.err().expect("it is not the kernel's word");
    assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
}

#[test]
fn an_open_procfs_is_read_past_what_covers_it_and_not_through_it() {
    isolated(|base| {
        let own = std::process::id();
        let at_path = Proc::default();
        let held = at_path.held().expect("procfs");
        let open = ProcRoot::open(&held).expect("procfs");
        assert_eq!(open.own_pid().expect("it shows us"), own);

        // One file of it: a file over it, then a directory over another one.
        let file = forged(base);
        covered(Path::new("/proc/self/stat"), &file);
        is_untrusted(open.read(format!("{own}/stat")));
        is_untrusted(open.file("self/stat"));
        is_untrusted(open.owner(format!("{own}/stat")));
        let empty = base.join("empty");
        std::fs::create_dir(&empty).expect("writable");
        covered(Path::new("/proc/self/task"), &empty);
        is_untrusted(open.numbers("self/task"));
        covered(Path::new("/proc/1"), &empty);
        is_untrusted(open.read("1/comm"));
        is_untrusted(open.link("1/ns/pid"));
        is_untrusted(open.path_through("1/root"));
        assert!(open.read("self/comm").is_ok());

        // All of it.
        covered(Path::new("/proc"), &empty);
        is_untrusted(ProcRoot::open(&at_path));
        is_untrusted(at_path.held());
        let again = ProcRoot::open(&held).expect("the descriptor stays");
        assert_eq!(again.own_pid().expect("it shows us"), own);
        assert!(again.pids().expect("it can be listed").contains(&own));
        assert!(again.owner(own.to_string()).is_ok());
        // A path leads through what lies over procfs, so it is not given.
        is_untrusted(again.path_through("self/cwd"));
        unmount(Path::new("/proc"));
        let path = again
            .path_through("self/cwd")
            .expect("it leads there again");
        assert_eq!(path, Path::new("/proc/self/cwd"));
    });
}

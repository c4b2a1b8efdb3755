//! Who holds a mount: over a procfs made of files, and over the real one.

use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use mountscan::{
    HolderProcess, HoldersOptions, MountInfo, MountTable, MountUse, NamespaceKeeper, Proc, holders,
};

use rustix::thread::UnshareFlags;

use crate::namespace::{isolated, tmpfs, unmount};

fn options(proc: &Path) -> HoldersOptions {
    let mut options = HoldersOptions::new();
    options.proc = Proc::unchecked(proc);
    options
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("below")).expect("writable");
    std::fs::write(path, text).expect("writable");
}

fn shm() -> MountInfo {
    let table = MountTable::from_bytes(
        "9 1 0:99 / /var/lib/docker/containers/x/mounts/shm rw - tmpfs shm rw\n",
    );
    table.rows().next().expect("one").into()
}

/// A process of a made-up procfs; only the first of a namespace has a table that can be read.
fn process(proc: &Path, pid: u32, namespace: u32, table: Option<&str>) {
    let dir = proc.join(pid.to_string());
    write(&dir.join("comm"), &format!("worker{pid}\n"));
    std::fs::create_dir_all(dir.join("ns")).expect("writable");
    symlink(
        format!("mnt:[{}]", 4_026_530_000u64 + u64::from(namespace)),
        dir.join("ns/mnt"),
    )
    .expect("writable");
    if let Some(table) = table {
        write(&dir.join("mountinfo"), table);
    }
}

#[test]
fn a_thousand_processes_in_fifty_namespaces_cost_fifty_readings() {
    let proc = tempfile::tempdir().expect("a temporary directory");
    for pid in 1..=1000u32 {
        let namespace = pid % 50;
        let holds = namespace % 10 == 3;
        let mut table = "1 0 254:0 / / rw - ext4 /dev/vda rw\n".to_owned();
        if holds {
            table.push_str(
                "7 1 0:99 / /copy rw - tmpfs shm rw\n8 1 0:99 /below /sub rw - tmpfs shm rw\n",
            );
        }
        process(proc.path(), pid, namespace, (pid <= 50).then_some(&table));
    }
    let found = holders(&shm(), &options(proc.path())).expect("readable");
    assert_eq!((found.namespaces_read, found.unreadable), (50, 0));
    let inodes: Vec<u64> = found
        .namespaces
        .iter()
        .map(|namespace| namespace.inode - 4_026_530_000)
        .collect();
    assert_eq!(inodes, [3, 13, 23, 33, 43]);
    for namespace in &found.namespaces {
        assert_eq!((namespace.processes.len(), namespace.mounts.len()), (20, 2));
        assert!(!namespace.is_own);
        let first = &namespace.processes[0];
        assert_eq!(
            first.comm.to_str(),
            Some(format!("worker{}", first.pid).as_str())
        );
    }
}

#[test]
fn of_a_bind_only_the_same_root_or_below_holds() {
    let proc = tempfile::tempdir().expect("a temporary directory");
    let rows = "1 0 0:99 / / rw - t s rw\n2 1 0:99 /data /d rw - t s rw\n3 1 0:99 /data/x /x rw - t s rw\n4 1 0:99 /database /y rw - t s rw\n5 1 0:98 /data /z rw - t s rw\n";
    process(proc.path(), 5, 1, Some(rows));
    let mut bind = shm();
    bind.root = "/data".into();
    let found = holders(&bind, &options(proc.path())).expect("readable");
    let ids: Vec<u32> = found.namespaces[0]
        .mounts
        .iter()
        .map(|info| info.mount_id.0)
        .collect();
    assert_eq!(ids, [2, 3]);
}

#[test]
fn processes_that_end_or_are_closed_to_us_do_not_end_the_search() {
    let proc = tempfile::tempdir().expect("a temporary directory");
    let rows = "7 1 0:99 / /copy rw - tmpfs shm rw\n";
    process(proc.path(), 10, 1, None); // ended between the look and the reading: the next one speaks
    process(proc.path(), 11, 1, Some(rows));
    std::fs::create_dir_all(proc.path().join("12")).expect("writable"); // ended
    process(proc.path(), 13, 2, Some(rows));
    write(&proc.path().join("uptime"), "1 1\n");
    let closed = proc.path().join("13/ns");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o0)).expect("ours");
    let found = holders(&shm(), &options(proc.path())).expect("readable");
    let root = std::fs::read_dir(&closed).is_ok();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).expect("ours");
    assert_eq!(
        found.namespaces[0]
            .processes
            .iter()
            .map(|p| p.pid)
            .collect::<Vec<_>>(),
        [10, 11]
    );
    // Root may look everywhere.
    assert_eq!(found.unreadable, usize::from(!root));
    assert!(holders(&shm(), &options(&proc.path().join("missing"))).is_err());
}

#[test]
fn a_thread_in_a_namespace_of_its_own_is_found_with_what_it_uses() {
    isolated(|base| {
        tmpfs(&base.join("held"));
        let _open = std::fs::File::create(base.join("held/file")).expect("writable");
        rustix::process::chdir(base.join("held")).expect("there");
        let mount = mountscan::mount_at(&base.join("held")).expect("there");
        let mut options = HoldersOptions::new();
        options.uses = true;
        let found = holders(&mount, &options).expect("readable");
        let own = found
            .namespaces
            .iter()
            .find(|namespace| namespace.is_own)
            .expect("we hold it");
        assert_eq!(own.mounts.len(), 1);
        let me = &own.processes[0];
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        assert_eq!(
            (me.pid, me.thread),
            (std::process::id(), Some(thread as u32))
        );
        assert!(
            me.uses.contains(&MountUse::WorkingDirectory),
            "{:?}",
            me.uses
        );
        assert!(
            me.uses
                .iter()
                .any(|how| matches!(how, MountUse::Descriptor(_))),
            "{:?}",
            me.uses
        );
        rustix::process::chdir("/").expect("there");
        // What the search itself opens is no use of the mount that it searches.
        let procfs = mountscan::mount_at("/proc".as_ref()).expect("there");
        let found = holders(&procfs, &options).expect("readable");
        let me = |process: &&HolderProcess| process.thread == Some(thread as u32);
        let mut all = found.namespaces.iter().flat_map(|n| &n.processes);
        assert_eq!(all.find(me).expect("we have it").uses, []);
    });
}

#[test]
fn namespaces_without_processes_are_found_by_what_keeps_them() {
    isolated(|base| {
        tmpfs(&base.join("held"));
        let mount = mountscan::mount_at(&base.join("held")).expect("there");
        // Two namespaces with copies of the mount, whose threads are gone at once.
        let namespace = || {
            let made = std::thread::scope(|scope| scope.spawn(namespace_of_a_copy).join());
            made.expect("no panic")
        };
        let open = namespace();
        let file = base.join("bound");
        std::fs::write(&file, "").expect("writable");
        // Only a namespace with a greater id than ours may be bound in ours, and from 6.18 on each
        // processor gives them out from a stock of its own.
        let bind = |namespace: std::fs::File| {
            let link = format!("/proc/thread-self/fd/{}", namespace.as_raw_fd());
            rustix::mount::mount_bind(link, &file)
        };
        let bound = (0..1000).any(|_| bind(namespace()).is_ok());
        assert!(bound, "none of many is newer than ours");

        let mut options = HoldersOptions::new();
        let kept = |options: &HoldersOptions| -> Vec<Vec<NamespaceKeeper>> {
            let found = holders(&mount, options).expect("readable");
            let unpopulated = found
                .namespaces
                .into_iter()
                .filter(|n| n.processes.is_empty());
            unpopulated.map(|namespace| namespace.kept_by).collect()
        };
        assert!(kept(&options).is_empty(), "not asked for");
        options.unpopulated = true;
        let kept = kept(&options);
        let pid = std::process::id();
        let descriptor = open.as_raw_fd() as u32;
        let is_ours = |keeper: &NamespaceKeeper| {
            *keeper
                == NamespaceKeeper::Descriptor {
                    pid,
                    thread: None,
                    descriptor,
                }
        };
        assert!(kept.iter().flatten().any(is_ours), "{kept:?}");
        let is_bind = |keepers: &Vec<NamespaceKeeper>| matches!(&keepers[..], [NamespaceKeeper::Bind { mount_point, .. }] if *mount_point == file);
        assert!(kept.iter().any(is_bind), "{kept:?}");

        // Another mount hides the bind: the namespace is there still, and nobody can look into it.
        let closed = || holders(&mount, &options).expect("readable").closed;
        let listed = || mountscan::namespaces(&options).expect("readable").closed;
        let (before, listed_before) = (closed(), listed());
        let cover = base.join("cover");
        std::fs::write(&cover, "").expect("writable");
        rustix::mount::mount_bind(&cover, &file).expect("both are there");
        // Other tests may have such namespaces at the same time.
        assert!(closed() > before);
        assert!(listed() > listed_before);
        unmount(&file);
        unmount(&file);
    });
}

fn namespace_of_a_copy() -> std::fs::File {
    support::namespace::enter(UnshareFlags::NEWNS);
    std::fs::File::open("/proc/thread-self/ns/mnt").expect("readable")
}

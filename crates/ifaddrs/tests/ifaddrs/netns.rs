//! Other network namespaces.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use ifaddrs::{ErrorKind, Event, Handle, ListOptions, Namespace, Procfs, Watcher, addrs};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::net::{Net, Spec};
use support::namespace::{own, own_with_tmpfs};
use support::space::Space;

fn own_namespace() -> String {
    std::fs::read_link("/proc/thread-self/ns/net")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// Another namespace with a link `there0`, and a process in it.
fn other() -> (OwnedFd, Child) {
    thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let mut net = Net::new();
        let number = net.bridge("there0");
        net.add(number, &Spec::of("10.0.0.1/24")).unwrap();
        let file = File::open("/proc/thread-self/ns/net").unwrap();
        let child = Command::new("sleep")
            .arg("60")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        (file.into(), child)
    })
    .join()
    .unwrap()
}

fn handle(namespace: Namespace) -> Handle {
    Handle::open(&ListOptions::in_namespace(namespace)).unwrap()
}

#[test]
fn path_pid_and_descriptor_lead_there_and_the_caller_stays() {
    own(Space::NETWORK, || {
        let before = own_namespace();
        let (fd, mut child) = other();
        let path = format!("/proc/{}/ns/net", child.id());
        let ways = [
            Namespace::Path(path.into()),
            Namespace::Pid(child.id()),
            Namespace::of(&fd).unwrap(),
        ];
        for way in ways {
            let mut handle = handle(way);
            let there = handle.addrs("there0").unwrap();
            assert_eq!(there.addrs[0].to_string(), "10.0.0.1/24");
            assert_eq!(handle.all().unwrap().len(), 2);
            assert_eq!(own_namespace(), before);
            assert!(
                !addrs("there0").unwrap().found(),
                "the caller is where it was"
            );
        }
        let mut watcher =
            Watcher::open(&ListOptions::in_namespace(Namespace::Pid(child.id()))).unwrap();
        let Event::Snapshot(all) = watcher.next().unwrap().unwrap() else {
            panic!("no snapshot")
        };
        assert!(all.iter().any(|one| one.name == "there0"));
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

/// Large answers need further sockets; they must be of the same namespace.
#[test]
fn a_handle_stays_in_its_namespace_whatever_thread_uses_it() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("here0");
        let specs: Vec<_> = (0..900)
            .map(|n| Spec::of(&format!("10.0.{}.{}/32", n / 250, n % 250)))
            .collect();
        net.many(true, number, &specs);
        let mut here = handle(Namespace::Current);
        thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            assert!(!addrs("here0").unwrap().found());
            for _ in 0..3 {
                let listing = here.addrs("here0").unwrap();
                assert_eq!(
                    listing.addrs.iter().filter(|a| a.address.is_ipv4()).count(),
                    900
                );
            }
        })
        .join()
        .unwrap();
    });
}

/// Binds one file or directory over another, in a mount namespace of the test.
fn cover(point: &str, with: &Path) {
    mount(
        Some(with),
        point,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .unwrap();
}

/// The same over a link, which mount(2) would follow.
fn cover_link(point: &str, with: &Path) {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(CWD, with, flags).unwrap();
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(tree, "", CWD, point, flags).unwrap();
}

fn uncover(point: &str) {
    umount2(point, MntFlags::MNT_DETACH).unwrap();
}

/// Something lies over procfs or over a part of it: that is never taken for the namespace of a
/// process, and never for a process that does not exist.
#[test]
fn what_covers_procfs_is_not_believed() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let (fd, mut child) = other();
        let (pid, proc) = (child.id(), File::open("/proc").unwrap());
        let way = |proc: Procfs| {
            let mut options = ListOptions::in_namespace(Namespace::Pid(pid));
            options.proc = proc;
            let names = |mut handle: Handle| {
                let all = handle.all().unwrap();
                all.into_iter().any(|link| link.name == "there0")
            };
            Handle::open(&options).map(names)
        };
        let is_untrusted = |what: &str| {
            let error = way(Procfs::default()).expect_err(what);
            assert_eq!(error.kind(), ErrorKind::Untrusted, "{what}: {error}");
            assert!(error.to_string().contains("not procfs"), "{error}");
        };
        assert!(way(Procfs::default()).unwrap());

        let empty = base.join("empty");
        std::fs::create_dir(&empty).unwrap();
        let file = base.join("file");
        std::fs::write(&file, "").unwrap();
        let (ns, net) = (format!("/proc/{pid}/ns"), format!("/proc/{pid}/ns/net"));
        // Another namespace over the link itself.
        cover_link(&net, Path::new("/proc/self/ns/net"));
        is_untrusted(&net);
        umount2(
            net.as_str(),
            MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW,
        )
        .unwrap();
        for point in [&ns, &format!("/proc/{pid}")] {
            cover(point, &empty);
            is_untrusted(point);
            uncover(point);
            // The namespaces of another process are of the same procfs.
            cover(&ns, Path::new("/proc/self/ns"));
            is_untrusted("another process's");
            uncover(&ns);
        }
        // A whole /proc that looks like it, with a namespace file where the real one has it.
        let fake = base.join("proc");
        std::fs::create_dir_all(fake.join(format!("{pid}/ns"))).unwrap();
        std::fs::write(fake.join(format!("{pid}/ns/net")), "").unwrap();
        let there = fake.join(format!("{pid}/ns/net"));
        cover(there.to_str().unwrap(), Path::new("/proc/self/ns/net"));
        for cover_of_all in [&fake, &empty, Path::new("/proc/1")] {
            cover("/proc", cover_of_all);
            is_untrusted(&format!("{cover_of_all:?}"));
            // A descriptor from before is procfs still.
            assert!(way(proc.try_clone().unwrap().into()).unwrap());
            let cover_itself = File::open("/proc").unwrap();
            let error = way(cover_itself.into()).expect_err("it is not procfs");
            assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
            // The own namespace needs no procfs, nor does a descriptor.
            assert!(!addrs("there0").unwrap().found());
            assert!(!handle(Namespace::Current).addrs("there0").unwrap().found());
            let mut by_fd = handle(Namespace::of(&fd).unwrap());
            assert!(by_fd.addrs("there0").unwrap().found());
            uncover("/proc");
        }
        assert!(way(Procfs::default()).unwrap(), "{net} is seen again");
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

/// A forged link of the own thread must not make it believe that it is in the other namespace.
#[test]
fn a_forged_link_of_ones_own_does_not_keep_one_here() {
    own_with_tmpfs(Space::MOUNTS, |_| {
        let (fd, mut child) = other();
        // The other process's directory in place of our thread's: its link names that namespace.
        let own = std::fs::read_link("/proc/thread-self").unwrap();
        let there = format!("/proc/{}/ns", child.id());
        cover(&format!("/proc/{}/ns", own.display()), Path::new(&there));
        let mut by_fd = handle(Namespace::of(&fd).unwrap());
        assert!(by_fd.addrs("there0").unwrap().found());
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

#[test]
fn a_procfs_that_is_missing_is_no_missing_namespace() {
    for (proc, want) in [
        ("/no/such/proc", ErrorKind::Io),
        ("/etc", ErrorKind::Untrusted),
    ] {
        let mut options = ListOptions::in_namespace(Namespace::Pid(1));
        options.proc = proc.into();
        let error = Handle::open(&options).unwrap_err();
        assert_eq!(error.kind(), want, "{error}");
        assert!(error.to_string().contains(proc), "{error}");
        options.namespace = Namespace::Current;
        assert!(Handle::open(&options).unwrap().addrs("lo").unwrap().found());
    }
}

#[test]
fn what_is_no_namespace_is_refused_in_words() {
    let refused = |namespace| Handle::open(&ListOptions::in_namespace(namespace)).unwrap_err();
    let missing = refused(Namespace::Path("/no/such/namespace".into()));
    assert_eq!(
        (missing.kind(), missing.raw_os_error()),
        (ErrorKind::Namespace, Some(2))
    );
    assert!(
        missing.to_string().contains("/no/such/namespace"),
        "{missing}"
    );
    // A process that has ended: above the largest number a process can have.
    assert_eq!(
        refused(Namespace::Pid(u32::MAX)).kind(),
        ErrorKind::Namespace
    );
    own(Space::NETWORK, || {
        assert_eq!(
            refused(Namespace::Path("/proc/self/ns/uts".into())).kind(),
            ErrorKind::Namespace
        );
        assert_eq!(
            refused(Namespace::Path("/etc/passwd".into())).kind(),
            ErrorKind::Namespace
        );
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        for _ in 0..5 {
            refused(Namespace::Path("/proc/self/ns/uts".into()));
        }
        assert_eq!(open(), before, "no descriptor is left");
    });
}

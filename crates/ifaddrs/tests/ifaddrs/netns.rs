//! Other network namespaces.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::thread;

use ifaddrs::{ErrorKind, Event, Handle, ListOptions, Namespace, Watcher, addrs};
use nix::sched::{CloneFlags, unshare};

use crate::net::{Net, Spec};
use support::namespace::own;
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

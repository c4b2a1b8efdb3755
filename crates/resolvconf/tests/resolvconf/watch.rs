use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use resolvconf::{Current, Reason, WatchOptions, Watcher};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Long enough for a machine under load; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing must come when nothing changed.
const SILENCE: Duration = Duration::from_millis(100);

struct Host {
    _dir: tempfile::TempDir,
    root: PathBuf,
    options: WatchOptions,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::create_dir_all(root.join("run/systemd/resolve")).unwrap();
        let mut options = WatchOptions::new();
        options.select.etc = root.join("etc/resolv.conf");
        options.select.uplink = root.join("run/systemd/resolve/resolv.conf");
        options.select.stub = root.join("run/systemd/resolve/stub-resolv.conf");
        options.select.network_manager = root.join("run/NetworkManager/no-stub-resolv.conf");
        // The settings of this machine are none of the test's business.
        options.select.behind = None;
        options.recheck = None;
        Self {
            _dir: dir,
            root,
            options,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// As systemd-resolved writes: temporary file and rename.
    fn replace(&self, name: &str, text: &str) {
        let temporary = self.path(&format!("{name}.tmp"));
        fs::write(&temporary, text).unwrap();
        fs::rename(&temporary, self.path(name)).unwrap();
    }

    fn watch(&self) -> Watcher {
        Watcher::open(&self.options).unwrap()
    }
}

#[track_caller]
fn check(watcher: &mut Watcher, text: &str) -> Current {
    let change = watcher.next_within(PATIENCE).unwrap().expect("a change");
    assert_eq!(String::from_utf8_lossy(change.document.as_bytes()), text);
    assert_eq!(watcher.current(), &change);
    change
}

#[track_caller]
fn check_silence(watcher: &mut Watcher) {
    assert_eq!(watcher.next_within(SILENCE).unwrap(), None);
}

const A: &str = "nameserver 192.0.2.1\n";
const B: &str = "nameserver 192.0.2.2\n";

#[test]
fn edits_renames_deletion_and_return() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    assert_eq!(watcher.current().document.as_bytes(), A.as_bytes());
    check_silence(&mut watcher);
    host.write("etc/resolv.conf", B);
    check(&mut watcher, B);
    host.replace("etc/resolv.conf", A);
    check(&mut watcher, A);
    // The watch follows the new file.
    host.write("etc/resolv.conf", B);
    check(&mut watcher, B);
    fs::remove_file(host.path("etc/resolv.conf")).unwrap();
    let change = check(&mut watcher, "");
    assert_eq!(change.selection.reason, Reason::Missing);
    host.replace("etc/resolv.conf", A);
    check(&mut watcher, A);
}

#[test]
fn what_changes_nothing_is_not_told() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    host.write("etc/resolv.conf", A);
    host.replace("etc/resolv.conf", A);
    host.write("etc/hosts", "127.0.0.1 localhost\n");
    check_silence(&mut watcher);
}

#[test]
fn a_burst_is_one_change() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    for n in 0..50 {
        host.replace("etc/resolv.conf", &format!("nameserver 192.0.2.{n}\n"));
    }
    check(&mut watcher, "nameserver 192.0.2.49\n");
    check_silence(&mut watcher);
}

#[test]
fn switched_links_and_files_behind_them() {
    let host = Host::new();
    host.write("run/systemd/resolve/resolv.conf", A);
    host.write(
        "run/systemd/resolve/stub-resolv.conf",
        "nameserver 127.0.0.53\n",
    );
    host.write("etc/own", B);
    symlink("own", host.path("etc/resolv.conf")).unwrap();
    let mut watcher = host.watch();
    assert_eq!(watcher.current().document.as_bytes(), B.as_bytes());

    let link = host.path("etc/new");
    symlink("../run/systemd/resolve/stub-resolv.conf", &link).unwrap();
    fs::rename(&link, host.path("etc/resolv.conf")).unwrap();
    let change = check(&mut watcher, A);
    assert_eq!(change.selection.reason, Reason::ResolvedUplink);
    assert_eq!(change.selection.path, host.options.select.uplink);

    host.replace("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.3\n");
    check(&mut watcher, "nameserver 192.0.2.3\n");
    // The link's own target decides about the choice.
    host.replace("run/systemd/resolve/stub-resolv.conf", B);
    assert_eq!(check(&mut watcher, B).selection.reason, Reason::OwnServers);
}

#[test]
fn directories_that_come_and_go() {
    let host = Host::new();
    host.write("etc/resolv.conf", "nameserver 127.0.0.53\n");
    fs::remove_dir_all(host.path("run/systemd")).unwrap();
    let mut watcher = host.watch();
    assert_eq!(watcher.current().selection.reason, Reason::StubOnly);
    for text in [A, B] {
        fs::create_dir_all(host.path("run/systemd/resolve")).unwrap();
        host.replace("run/systemd/resolve/resolv.conf", text);
        assert_eq!(
            check(&mut watcher, text).selection.reason,
            Reason::ResolvedUplink
        );
        fs::remove_dir_all(host.path("run/systemd")).unwrap();
        check(&mut watcher, "nameserver 127.0.0.53\n");
    }
}

#[test]
fn an_administrators_file_in_a_directory_that_is_switched() {
    let mut host = Host::new();
    for (dir, text) in [("one", A), ("two", B)] {
        fs::create_dir(host.path(dir)).unwrap();
        host.write(&format!("{dir}/resolv.conf"), text);
    }
    symlink("one", host.path("live")).unwrap();
    host.options.select.configured = Some(host.path("live/resolv.conf"));
    let mut watcher = host.watch();
    assert_eq!(watcher.current().document.as_bytes(), A.as_bytes());
    symlink("two", host.path("next")).unwrap();
    fs::rename(host.path("next"), host.path("live")).unwrap();
    check(&mut watcher, B);
    host.write("two/resolv.conf", A);
    check(&mut watcher, A);
}

#[test]
fn a_file_emptied_for_an_instant_is_not_told() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    fs::write(host.path("etc/resolv.conf"), "").unwrap();
    let path = host.path("etc/resolv.conf");
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        fs::write(path, B).unwrap();
    });
    check(&mut watcher, B);
    writer.join().unwrap();
}

#[test]
fn unheard_changes_are_found_by_looking() {
    let mut host = Host::new();
    // It changes all the time, and no event tells so.
    host.options.select.configured = Some(PathBuf::from("/proc/uptime"));
    let mut deaf = host.watch();
    check_silence(&mut deaf);
    host.options.recheck = Some(Duration::from_millis(50));
    let mut watcher = host.watch();
    assert!(watcher.next_within(PATIENCE).unwrap().is_some());
}

#[test]
fn the_descriptor_can_be_polled() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    let ready = |watcher: &Watcher, timeout: Duration| {
        let mut fds = [PollFd::from_borrowed_fd(watcher.as_fd(), PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::try_from(timeout).unwrap())).unwrap() > 0
    };
    // A mount anywhere in this mount namespace wakes it, too. A turn reads so many events and no
    // more; those tell nothing new, and end.
    let comes_to_rest = |watcher: &mut Watcher| {
        let begin = Instant::now();
        while ready(watcher, Duration::ZERO) {
            assert!(watcher.try_next().unwrap().is_none(), "nothing changed");
            assert!(begin.elapsed() < PATIENCE, "it stays readable");
        }
    };
    comes_to_rest(&mut watcher);
    host.write("etc/resolv.conf", B);
    assert!(ready(&watcher, PATIENCE));
    // The burst is not over yet. The descriptor tells when it is.
    let change = loop {
        if let Some(change) = watcher.try_next().unwrap() {
            break change;
        }
        assert!(watcher.next_wake().is_some());
        assert!(ready(&watcher, PATIENCE));
    };
    assert_eq!(change.document.as_bytes(), B.as_bytes());
    comes_to_rest(&mut watcher);
}

/// A call with no time takes no time, also in the middle of a burst.
#[test]
fn zero_never_blocks() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    // An empty file is waited for longest.
    host.write("etc/resolv.conf", "");
    let begin = Instant::now();
    let mut calls = 0;
    while watcher.next_within(Duration::ZERO).unwrap().is_none() {
        calls += 1;
        assert!(begin.elapsed() < PATIENCE);
    }
    assert!(calls > 3, "{calls}");
}

/// Short calls add up: what nobody is told of is found in time all the same.
#[test]
fn rechecks_come_although_calls_are_short() {
    let mut host = Host::new();
    host.options.recheck = Some(Duration::from_millis(100));
    host.options.select.configured = Some(PathBuf::from("/proc/uptime"));
    let mut watcher = host.watch();
    let begin = Instant::now();
    while watcher
        .next_within(Duration::from_millis(1))
        .unwrap()
        .is_none()
    {
        assert!(begin.elapsed() < PATIENCE);
    }
    // Without a call the descriptor tells when to look.
    let mut fds = [PollFd::from_borrowed_fd(watcher.as_fd(), PollFlags::IN)];
    assert_eq!(
        poll(&mut fds, Some(&Timespec::try_from(PATIENCE).unwrap())).unwrap(),
        1
    );
}

/// A mount over the file changes no directory, and is heard all the same.
#[test]
fn a_mount_over_the_file_is_heard() {
    support::namespace::own_with_tmpfs(support::space::Space::MOUNTS, |_| {
        let host = Host::new();
        host.write("etc/resolv.conf", A);
        host.write("etc/other", B);
        let mut watcher = host.watch();
        let target = host.path("etc/resolv.conf");
        rustix::mount::mount_bind(host.path("etc/other"), &target).unwrap();
        let begin = Instant::now();
        check(&mut watcher, B);
        assert!(begin.elapsed() < PATIENCE / 2);
        rustix::mount::unmount(&target, rustix::mount::UnmountFlags::empty()).unwrap();
        check(&mut watcher, A);
    });
}

#[test]
fn options_are_borrowed_and_have_setters() {
    let options = WatchOptions::new().recheck(None);
    assert_eq!(options.recheck, None);
    assert_eq!(options, options.clone().select(options.select.clone()));
}

#[test]
fn the_last_moment_of_time_is_no_deadline() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut options = host.options.clone();
    options.recheck = Some(Duration::MAX);
    let mut watcher = Watcher::open(&options).unwrap();
    host.write("etc/resolv.conf", B);
    assert!(watcher.next_within(Duration::MAX).unwrap().is_some());
}

#[test]
fn the_iterator_waits_for_the_next_one() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    host.write("etc/resolv.conf", B);
    let change = watcher.next().unwrap().unwrap();
    assert_eq!(change.document.as_bytes(), B.as_bytes());
}

/// More events than the queue holds: what is left is compared, not counted.
#[test]
fn an_overflowing_queue_recovers() {
    let host = Host::new();
    host.write("etc/resolv.conf", A);
    let mut watcher = host.watch();
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    for n in 0..limit.min(50_000) / 2 + 10 {
        // Two names by turns, for equal events in a row are merged.
        fs::rename(host.path("etc/resolv.conf"), host.path("etc/other")).unwrap();
        fs::rename(host.path("etc/other"), host.path("etc/resolv.conf")).unwrap();
        if n == 5 {
            host.write("etc/resolv.conf", B);
        }
    }
    check(&mut watcher, B);
    host.write("etc/resolv.conf", A);
    check(&mut watcher, A);
}

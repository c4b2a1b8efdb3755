//! resolvconf on real kernels: what readers see of a rewrite, per file system, and what a watcher
//! hears through a bind mount.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic is the report

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use resolvconf::{FileStatus, WatchOptions, Watcher, WriteOptions, Written, status, write};
use rustix::mount::{MountFlags, MountPropagationFlags, mount_bind, mount_change, mount_remount};
use support::disk;
use support::namespace::isolated;
use support::scene;

/// Enough for the growing and the shrinking rewrites to meet readers on one slow processor; the
/// long run is the crate's example `rewrite_under_readers`.
const REWRITES: usize = 500;

fn texts() -> [String; 4] {
    [1, 40, 9, 21].map(|lines| format!("nameserver 192.0.2.{lines}\n").repeat(lines))
}

fn options(state: &Path) -> WriteOptions {
    let mut options = WriteOptions::new();
    options.state = Some(state.join("resolv.conf.state"));
    options.durable = false;
    options.patience = Duration::from_secs(20);
    options
}

/// Rewrites `host` while readers look at `seen_as`, in pieces as the C libraries read.
fn rewrite_under_readers(host: &Path, seen_as: &Path, state: &Path) {
    let (texts, options) = (texts(), options(state));
    write(host, texts[0].as_bytes(), &options).unwrap();
    let inode = fs::metadata(host).unwrap().ino();
    let (done, looks) = (AtomicBool::new(false), AtomicU64::new(0));
    let mixed = AtomicU64::new(0);
    thread::scope(|scope| {
        for piece in [256, 4096] {
            let (texts, done, looks, mixed) = (&texts, &done, &looks, &mixed);
            scope.spawn(move || {
                while !done.load(Relaxed) {
                    let seen = read_in_pieces(seen_as, piece);
                    assert!(!seen.is_empty(), "never empty");
                    looks.fetch_add(1, Relaxed);
                    mixed.fetch_add(u64::from(!texts.contains(&seen)), Relaxed);
                }
            });
        }
        for round in 1..=REWRITES {
            let written = write(host, texts[round % 4].as_bytes(), &options).unwrap();
            assert!(
                matches!(written, Written::Rewritten { .. }),
                "round {round}"
            );
        }
        done.store(true, Relaxed);
    });
    assert_eq!(fs::metadata(host).unwrap().ino(), inode, "the inode stays");
    assert_eq!(status(host, &options).unwrap(), FileStatus::Ours);
    let (looks, mixed) = (looks.load(Relaxed), mixed.load(Relaxed));
    println!("{REWRITES} rewrites, {looks} looks, {mixed} not whole");
    assert_eq!(mixed, 0, "of {looks} looks at {REWRITES} rewrites");
}

fn read_in_pieces(path: &Path, piece: usize) -> String {
    let mut file = File::open(path).unwrap();
    let (mut seen, mut buffer) = (Vec::new(), vec![0; piece]);
    while let read @ 1.. = file.read(&mut buffer).unwrap() {
        seen.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(seen).unwrap()
}

/// A tmpfs of this test's own, with a directory for the daemon's record.
fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    scene::tmpfs(dir.path());
    let state = dir.path().join("daemon");
    fs::create_dir(&state).unwrap();
    (dir, state)
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn readers_on_tmpfs_see_whole_texts() {
    isolated(|| {
        let (dir, state) = place();
        let path = dir.path().join("resolv.conf");
        rewrite_under_readers(&path, &path, &state);
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn readers_on_ext4_see_whole_texts() {
    isolated(|| rewrite_on(disk::ext4()));
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn readers_on_btrfs_see_whole_texts() {
    isolated(|| rewrite_on(disk::btrfs()));
}

/// Nothing where the kernel has no such file system; `disk` has said so.
fn rewrite_on(disk: Option<PathBuf>) {
    let (_dir, state) = place();
    if let Some(disk) = disk {
        let path = disk.join("resolv.conf");
        rewrite_under_readers(&path, &path, &state);
    }
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn readers_on_overlay_see_whole_texts() {
    isolated(|| {
        let (dir, state) = place();
        let merged = scene::overlay(&dir.path().join("layers"), 1);
        let path = merged.join("resolv.conf");
        rewrite_under_readers(&path, &path, &state);
    });
}

/// As a container sees it: bind-mounted, read-only, from a directory it cannot reach.
#[test]
#[ignore = "vm: needs root in a guest"]
fn readers_behind_a_read_only_bind_see_whole_texts() {
    isolated(|| {
        let (dir, state) = place();
        let (host, inside) = (dir.path().join("resolv.conf"), dir.path().join("inside"));
        write(&host, b"before\n", &options(&state)).unwrap();
        File::create(&inside).unwrap();
        mount_bind(&host, &inside).unwrap();
        let read_only = MountFlags::BIND | MountFlags::RDONLY;
        mount_remount(&inside, read_only, c"").unwrap();
        rewrite_under_readers(&host, &inside, &state);
        let error = write(&inside, b"after\n", &options(&state)).unwrap_err();
        assert_eq!(
            error.raw_os_error(),
            Some(rustix::io::Errno::ROFS.raw_os_error())
        );
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn a_watcher_hears_of_a_rewrite_through_a_bind() {
    isolated(|| {
        let (dir, state) = place();
        mount_change(dir.path(), MountPropagationFlags::PRIVATE).unwrap();
        let (host, inside) = (dir.path().join("resolv.conf"), dir.path().join("inside"));
        write(&host, b"nameserver 192.0.2.1\n", &options(&state)).unwrap();
        File::create(&inside).unwrap();
        mount_bind(&host, &inside).unwrap();
        let mut watch = WatchOptions::new();
        watch.select.configured = Some(inside);
        watch.recheck = None;
        let mut watcher = Watcher::open(&watch).unwrap();
        write(&host, b"nameserver 192.0.2.2\n", &options(&state)).unwrap();
        let change = watcher
            .next_within(Duration::from_secs(60))
            .unwrap()
            .expect("a change");
        assert_eq!(change.document.as_bytes(), b"nameserver 192.0.2.2\n");
    });
}

//! Idmapped mounts and their maps.
#![allow(unsafe_code)] // mount_setattr has no safe wrapper

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use mountscan::{IdMaps, MountInfo, MountTable, ReadOptions, Refresh, Source};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags};
use support::namespace::own_with_tmpfs;
use support::space::Space;

use crate::extent::with_root;
use crate::namespace::tmpfs;

/// A process in a user namespace of its own, for as long as its maps are needed.
struct Mapped(Child);

impl Mapped {
    /// `None` where this machine lets nobody map ids that are not its own.
    fn new(map: &str) -> Option<Self> {
        let mut command = Command::new("unshare");
        let child = command.args(["--user", "sleep", "1000"]).spawn().ok()?;
        let mapped = Self(child);
        let own = std::fs::read_link("/proc/self/ns/user").expect("procfs is here");
        let end = Instant::now() + Duration::from_secs(10);
        while std::fs::read_link(mapped.file("ns/user")).ok()? == own {
            assert!(Instant::now() < end, "unshare(1) made no namespace");
            std::thread::sleep(Duration::from_millis(1));
        }
        for name in ["uid_map", "gid_map"] {
            std::fs::write(mapped.file(name), map).ok()?;
        }
        Some(mapped)
    }

    fn file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.0.id())
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `struct mount_attr` of linux/mount.h.
#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Mounts `from` at `to` with the ids of a user namespace; the kernel's refusal otherwise.
fn idmapped(from: &Path, to: &Path, users: &File) -> std::io::Result<()> {
    const MOUNT_ATTR_IDMAP: u64 = 0x10_0000;
    std::fs::create_dir_all(to)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = rustix::mount::open_tree(CWD, from, flags)?;
    let attributes = MountAttr {
        attr_set: MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: users.as_raw_fd().unsigned_abs().into(),
    };
    // SAFETY: the attributes are a live struct of the size given, and the empty name is a C string.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<MountAttr>(),
        )
    };
    if result != 0 {
        return Err(std::io::Error::last_os_error());
    }
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    Ok(rustix::mount::move_mount(tree.as_fd(), "", CWD, to, flags)?)
}

fn row(table: &MountTable, point: &Path) -> MountInfo {
    table.topmost(point).expect("mounted").into()
}

#[test]
fn the_maps_of_an_idmapped_mount_are_told_where_they_were_asked_for() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let (plain, mapped) = (base.join("plain"), base.join("mapped"));
        tmpfs(&plain);
        let Some(users) = Mapped::new("0 100000 1000\n") else {
            return support::skip::skip("ids cannot be mapped here");
        };
        let file = File::open(users.file("ns/user")).expect("there");
        if let Err(cause) = idmapped(&plain, &mapped, &file) {
            // tmpfs can be idmapped since Linux 6.3, and not from within a user namespace.
            let why = format!("no idmapped mount of a tmpfs: {cause}");
            return support::skip::skip(&why);
        }
        let table = MountTable::current().expect("readable");
        assert_eq!(row(&table, &plain).id_maps, None);
        assert_eq!(row(&table, &mapped).id_maps, Some(IdMaps::Unknown));

        let mut options = ReadOptions::new();
        options.id_maps = true;
        let mut table = MountTable::read(Source::Thread, &options).expect("readable");
        check(&table, &plain, &mapped);
        let namespace = File::open("/proc/thread-self/ns/mnt").expect("there");
        let source = Source::Namespace(namespace.as_fd());
        check(
            &MountTable::read(source, &options).expect("our own"),
            &plain,
            &mapped,
        );
        let own = rustix::thread::gettid().as_raw_nonzero().get();
        let source = Source::Pid(own.unsigned_abs());
        let mut of_process = MountTable::read(source, &options).expect("our own");
        check(&of_process, &plain, &mapped);
        // From another root directory the paths are other ones.
        with_root(
            base,
            |pid| {
                let table = MountTable::read(Source::Pid(pid), &options).expect("readable");
                check(&table, Path::new("/plain"), Path::new("/mapped"));
            },
            || {},
        );
        // A mount that came later is asked about, too.
        let later = base.join("later");
        idmapped(&plain, &later, &file).expect("as before");
        table.refresh(Refresh::Existence).expect("readable");
        check(&table, &plain, &mapped);
        check(&table, &plain, &later);
        for table in [&mut table, &mut of_process] {
            table.refresh(Refresh::Everything).expect("readable");
            check(table, &plain, &later);
        }
    });
}

fn check(table: &MountTable, plain: &Path, mapped: &Path) {
    assert_eq!(row(table, plain).id_maps, None);
    let maps = row(table, mapped).id_maps.expect("an idmapped mount");
    if !support::kernel::since(6, 18) {
        return assert_eq!(maps, IdMaps::Unknown);
    }
    let IdMaps::Known { users, groups } = maps else {
        panic!("{maps:?}");
    };
    for ranges in [users, groups] {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|range| (range.stored, range.seen, range.count))
            .collect();
        assert_eq!(ranges, [(0, 100_000, 1000)]);
    }
}

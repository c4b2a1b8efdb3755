//! Every kind of use that keeps a mount busy, each made for real and found, and named as such.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mountscan::{
    ErrorKind, HolderProcess, Holders, HoldersOptions, KernelUse, MountInfo, MountUse, MountedUse,
    holders, mount_at,
};
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::thread::UnshareFlags;
use support::namespace;

use crate::namespace::{isolated, mount, tmpfs, unmount};

fn uses() -> HoldersOptions {
    let mut options = HoldersOptions::new();
    options.uses = true;
    options
}

fn find(mount: &MountInfo) -> Holders {
    holders(mount, &uses()).expect("readable")
}

/// A program that runs until it is dropped.
struct Running(Child);

impl Running {
    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Self(command.spawn().expect("it is a copy of cat"))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is found of a process, wherever it lives.
fn of(found: &Holders, pid: u32) -> Vec<MountUse> {
    let there = found.namespaces.iter().flat_map(|n| &n.processes);
    let all: Vec<&HolderProcess> = there.chain(&found.elsewhere).collect();
    let mine = all.iter().filter(|process| process.pid == pid);
    // A process has several records if threads of it live in namespaces of their own.
    let mut uses: Vec<MountUse> = mine.flat_map(|process| process.uses.clone()).collect();
    uses.dedup();
    uses
}

fn cat_in(directory: &Path) -> PathBuf {
    let program = directory.join("my cat");
    std::fs::copy("/bin/cat", &program).expect("there is one");
    program
}

#[test]
fn a_running_program_holds_the_mount_it_was_started_from() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let mount = mount_at(&point).expect("there");
        assert!(!find(&mount).is_used());
        let running = Running::start(&cat_in(&point));
        let found = find(&mount);
        assert!(found.is_used());
        let how = of(&found, running.pid());
        assert_eq!(how, [MountUse::Executable, MountUse::Mapping]);
        // Removed, it holds it no less; and detached, the record of the mount finds it still.
        std::fs::remove_file(point.join("my cat")).expect("ours");
        assert!(of(&find(&mount), running.pid()).contains(&MountUse::Executable));
        unmount(&point);
        assert!(
            mountscan::mount_point_at(&point)
                .expect("readable")
                .is_none()
        );
        let found = find(&mount);
        assert!(found.namespaces.is_empty() && found.is_used(), "{found:?}");
        assert!(of(&found, running.pid()).contains(&MountUse::Executable));
        drop(running);
        assert!(!find(&mount).is_used());
    });
}

#[test]
fn a_mapped_file_holds_its_mount_though_it_is_closed() {
    isolated(|base| {
        let (point, other) = (base.join("m"), base.join("other"));
        tmpfs(&point);
        tmpfs(&other);
        std::fs::write(point.join("f"), [7; 4096]).expect("writable");
        std::fs::write(other.join("f"), [7; 4096]).expect("writable");
        let file = File::open(point.join("f")).expect("there");
        let map = support_map(&file);
        drop(file);
        let found = find(&mount_at(&point).expect("there"));
        assert_eq!(of(&found, std::process::id()), [MountUse::Mapping]);
        let found = find(&mount_at(&other).expect("there"));
        assert_eq!(of(&found, std::process::id()), []);
        drop(map);
    });
}

/// A mapping of one page, undone when dropped: by a child of ours would be as good.
pub(crate) fn support_map(file: &File) -> impl Drop + use<> {
    struct Map(*mut std::ffi::c_void);
    impl Drop for Map {
        fn drop(&mut self) {
            // SAFETY: the page was mapped by us and nothing refers to it.
            unsafe { rustix::mm::munmap(self.0, 4096) }.expect("it is mapped");
        }
    }
    let (access, flags) = (rustix::mm::ProtFlags::READ, rustix::mm::MapFlags::SHARED);
    // SAFETY: the kernel chooses an address where nothing is.
    let page = unsafe { rustix::mm::mmap(std::ptr::null_mut(), 4096, access, flags, file, 0) };
    Map(page.expect("the file has a page"))
}

#[test]
fn a_bound_socket_holds_its_mount() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let path = point.join("my socket");
        let listener = UnixListener::bind(&path).expect("writable");
        let found = find(&mount_at(&point).expect("there"));
        assert_eq!(of(&found, std::process::id()), [MountUse::Socket(path)]);
        drop(listener);
        assert!(!find(&mount_at(&point).expect("there")).is_used());
    });
}

#[test]
fn a_socket_that_was_bound_by_a_relative_name_holds_its_file_system() {
    isolated(|base| {
        let (point, other) = (base.join("m"), base.join("other"));
        tmpfs(&point);
        tmpfs(&other);
        // The working directory of this thread alone.
        rustix::process::chdir(&point).expect("there");
        let listener = UnixListener::bind("my socket").expect("writable");
        rustix::process::chdir("/").expect("there");
        let (held, other) = (
            mount_at(&point).expect("there"),
            mount_at(&other).expect("there"),
        );
        let socket = MountUse::Socket("my socket".into());
        let found = find(&held);
        assert_eq!(of(&found, std::process::id()), [socket], "by sock_diag");
        assert!(!find(&other).is_used());
        drop(listener);
        assert!(!find(&held).is_used());
    });
}

#[test]
fn a_descriptor_in_a_namespace_without_the_mount_is_found_elsewhere() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let mount = mount_at(&point).expect("there");
        let file = File::create(point.join("f")).expect("writable");
        let (number, pid) = (file.as_raw_fd() as u32, std::process::id());
        // The process's first thread lives in another namespace, which has never had the mount.
        let found = find(&mount);
        let descriptor = MountUse::Descriptor(number);
        assert!(of(&found, pid).contains(&descriptor), "{found:?}");
        rustix::mount::unmount(&point, UnmountFlags::DETACH).expect("ours");
        let found = find(&mount);
        assert_eq!(found.namespaces, []);
        assert!(of(&found, pid).contains(&descriptor), "{found:?}");
    });
}

#[test]
fn mounts_that_use_a_mount_are_named_in_each_namespace() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        for directory in ["lower", "upper", "work"] {
            std::fs::create_dir(point.join(directory)).expect("writable");
        }
        let data = format!(
            "lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work",
            point.display()
        );
        mount(b"o", &base.join("o"), "overlay", MountFlags::empty(), &data);
        tmpfs(&point.join("nested"));
        let held = mount_at(&point).expect("there");
        let own = |found: &Holders| {
            let own = found.namespaces.iter().find(|namespace| namespace.is_own);
            own.expect("ours").users.clone()
        };
        let found = find(&held);
        let named: Vec<(PathBuf, MountedUse)> = own(&found)
            .into_iter()
            .map(|user| (user.mount.mount_point, user.how))
            .collect();
        let layer = MountedUse::Layer(point.join("lower"));
        let want = [
            (base.join("o"), layer),
            (point.join("nested"), MountedUse::Nested),
        ];
        assert_eq!(named, want);
        // A namespace that was copied has copies of the mount and of its users.
        namespace::with(UnshareFlags::NEWNS, || {
            let found = find(&held);
            assert_eq!(own(&found).len(), 2);
            let using = found.namespaces.iter().filter(|n| n.users.len() == 2);
            assert_eq!(using.count(), 2, "{found:?}");
        });
        assert!(found.is_used());
    });
}

/// Docker mounts with relative paths where the full ones are too long, and containerd always.
#[test]
fn layers_with_relative_paths_are_found_as_long_as_they_are_there() {
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        for directory in ["l", "A/diff", "C/diff", "C/work", "C/merged"] {
            std::fs::create_dir_all(point.join(directory)).expect("writable");
        }
        std::os::unix::fs::symlink("../A/diff", point.join("l/A")).expect("writable");
        // The working directory of this thread alone.
        rustix::process::chdir(&point).expect("there");
        let merged = point.join("C/merged");
        let data = "lowerdir=l/A,upperdir=C/diff,workdir=C/work";
        mount(b"o", &merged, "overlay", MountFlags::empty(), data);
        rustix::process::chdir("/").expect("there");
        let held = mount_at(&point).expect("there");
        let overlay = mount_at(&merged).expect("there");
        let of_ours = |found: &Holders| {
            let is_ours = |mount: &&MountInfo| mount.device == overlay.device;
            let own = found.namespaces.iter().find(|namespace| namespace.is_own);
            let users = own.into_iter().flat_map(|own| &own.users);
            let layers = users.filter(|user| matches!(user.how, MountedUse::Layer(_)));
            (
                layers.count(),
                found.unplaced.iter().filter(is_ours).count(),
            )
        };
        let elsewhere = base.join("elsewhere");
        tmpfs(&elsewhere);
        let other = mount_at(&elsewhere).expect("there");
        // What is mounted on the mount is a user already, so a bind of it elsewhere is asked.
        let bound = base.join("bound");
        std::fs::create_dir(&bound).expect("writable");
        rustix::mount::mount_bind(&merged, &bound).expect("ours");
        assert_eq!(of_ours(&find(&held)), (1, 0));
        assert_eq!(of_ours(&find(&other)), (0, 0), "all its layers are known");
        // Now the paths lead nowhere, or somewhere else.
        std::fs::rename(point.join("C/diff"), point.join("C/moved")).expect("ours");
        assert_eq!(of_ours(&find(&other)), (0, 1));
        std::fs::create_dir(point.join("C/diff")).expect("writable");
        assert_eq!(of_ours(&find(&other)), (0, 1));
    });
}

#[test]
fn a_loop_device_holds_the_mount_of_its_file() {
    let devices = |found: &Holders| -> Vec<PathBuf> {
        let kernel = found.kernel.iter();
        kernel
            .map(|what| match what {
                KernelUse::Loop { file, .. } | KernelUse::Swap { file } => file.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        let held = mount_at(&point).expect("there");
        // The real devices of this machine are of other files; a made-up sysfs has one of ours.
        assert!(devices(&find(&held)).is_empty());
        let file = point.join("disk image");
        let device = base.join("sys/block/loop3/loop");
        std::fs::create_dir_all(&device).expect("writable");
        let said = format!("{} (deleted)\n", file.display());
        std::fs::write(device.join("backing_file"), said).expect("writable");
        let mut options = uses();
        options.sys = base.join("sys");
        let found = holders(&held, &options).expect("readable");
        assert_eq!(devices(&found), [file]);
        assert!(found.is_used());
    });
}

#[test]
fn something_over_procfs_is_not_believed() {
    isolated(|base| {
        let held = mount_at(base).expect("there");
        tmpfs(Path::new("/proc"));
        let error = holders(&held, &uses()).expect_err("a tmpfs");
        assert_eq!(error.kind(), ErrorKind::Untrusted);
    });
}

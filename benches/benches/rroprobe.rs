//! P13: asking for recursive read-only, beside the bare calls and moby's way.

#![allow(missing_docs)] // what criterion's macros make has none
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a bench that cannot run must say so at once

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rustix::fs::{Mode, OFlags, openat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, UnmountFlags,
    fsconfig_create, fsmount, fsopen, mount, mount_change, unmount,
};
use rustix::thread::UnshareFlags;

/// `mount_setattr(fd, path, AT_RECURSIVE, {set: read-only})`, as bare as it goes.
#[allow(unsafe_code)]
fn set_read_only(fd: i32, path: &std::ffi::CStr) -> libc::c_long {
    let attr = [1u64, 0, 0, 0];
    // SAFETY: `path` is NUL-terminated, `attr` is 32 readable bytes, and the kernel only reads them.
    unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            fd,
            path.as_ptr(),
            0x9000,
            attr.as_ptr(),
            32usize,
        )
    }
}

/// The second of the bare calls.
#[allow(unsafe_code)]
fn null_call() -> libc::c_long {
    let null = std::ptr::null::<u8>();
    // SAFETY: a null pointer of size 0 is never followed.
    unsafe { libc::syscall(libc::SYS_mount_setattr, -1, c"".as_ptr(), 0, null, 0usize) }
}

/// A mount namespace of one's own, so that no mount of the bench is seen elsewhere.
fn isolate() -> Result<(), rustix::io::Errno> {
    let root = rustix::process::geteuid().is_root();
    let user = if root {
        UnshareFlags::empty()
    } else {
        UnshareFlags::NEWUSER
    };
    #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
    rustix::thread::unshare(UnshareFlags::NEWNS | UnshareFlags::FS | user)?;
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
}

fn answer(c: &mut Criterion) {
    let mut group = c.benchmark_group("P13 asking for recursive read-only");
    group.bench_function("floor: the two bare calls", |b| {
        b.iter(|| black_box(set_read_only(-1, c"") + null_call()));
    });
    group.bench_function("rroprobe, asked", |b| {
        b.iter(|| black_box(rroprobe::KernelSupport::probe()));
    });
    group.bench_function("rroprobe, cached", |b| {
        b.iter(|| black_box(rroprobe::KernelSupport::cached()));
    });
    group.finish();
}

fn proof(c: &mut Criterion) {
    if let Err(errno) = isolate() {
        println!("P13 proof is left out: no mount namespace of one's own: {errno}");
        return;
    }
    let mut group = c.benchmark_group("P13 proof of recursive read-only");
    group.bench_function("floor: the bare calls on a detached tmpfs", |b| {
        b.iter(|| {
            use std::os::fd::AsRawFd;
            let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
            fsconfig_create(&context).unwrap();
            let flags = FsMountFlags::FSMOUNT_CLOEXEC;
            let mount = fsmount(&context, flags, MountAttrFlags::empty()).unwrap();
            assert_eq!(set_read_only(mount.as_raw_fd(), c""), 0);
            openat(&mount, "x", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap_err()
        });
    });
    group.bench_function("rroprobe, proved", |b| {
        b.iter(|| assert!(rroprobe::prove().is_supported()));
    });
    group.bench_function("moby's way: a mount on a temporary directory", |b| {
        b.iter(|| {
            let directory = std::env::temp_dir().join(format!("bench-rro-{}", std::process::id()));
            fs::create_dir(&directory).unwrap();
            mount("", &directory, "tmpfs", MountFlags::empty(), None).unwrap();
            let path = std::ffi::CString::new(directory.to_str().unwrap()).unwrap();
            assert_eq!(set_read_only(-1, &path), 0);
            unmount(&directory, UnmountFlags::empty()).unwrap();
            fs::remove_dir(&directory).unwrap();
        });
    });
    group.finish();
}

criterion_group!(benches, answer, proof);
criterion_main!(benches);

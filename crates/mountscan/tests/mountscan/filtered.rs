//! A system call filter that refuses listmount and statmount, as container runtimes' do: everything
//! works by text, also when the filter came after the kernel was probed.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use mountscan::{
    Detail, KernelQueries, MountTable, ReadOptions, Refresh, Source, Watcher, mount_point_at,
};
use rustix::thread::UnshareFlags;
use support::namespace;

use crate::namespace::{isolated, tmpfs, unmount};

/// Makes listmount and statmount fail with `errno` on this thread and those it starts, for good.
fn refuse_mount_queries(errno: i32) {
    refuse([457, 458], errno);
}

/// Makes two calls fail with `errno` on this thread and those it starts, for good.
pub(crate) fn refuse([one, other]: [u32; 2], errno: i32) {
    let step = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let program = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0), // the call's number
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, one),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, other),
        step(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | errno as u32,
        ),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: takes integers.
    let result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(result, 0);
    // SAFETY: the program is alive for the length of the call, which copies it.
    let result = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn a_filter_leaves_every_answer_the_same() {
    isolated(|base| {
        for errno in [libc::ENOSYS, libc::EPERM] {
            // A thread of its own: a filter stays.
            namespace::with(UnshareFlags::NEWNS, || the_same_under_a_filter(base, errno));
        }
    });
}

fn the_same_under_a_filter(base: &Path, errno: i32) {
    let _ = KernelQueries::cached();
    let mut options = ReadOptions::new();
    options.unique_ids = true;
    tmpfs(&base.join("a"));
    let mut held = MountTable::read(Source::Thread, &options).expect("readable");
    let under = MountTable::under_now(base, Detail::Everything).expect("readable");
    let mut point = mount_point_at(&base.join("a"))
        .expect("readable")
        .expect("one");
    let mut watch = Watcher::open(&Default::default()).expect("readable");

    refuse_mount_queries(errno);
    assert_eq!(KernelQueries::probe(), KernelQueries::Absent);
    let text = MountTable::read(Source::Thread, &options).expect("readable");
    assert_eq!(text.to_bytes(), held.to_bytes());
    assert_eq!(
        MountTable::under_now(base, Detail::Everything)
            .expect("readable")
            .to_bytes(),
        under.to_bytes()
    );
    point.unique_id = None;
    assert_eq!(
        mount_point_at(&base.join("a")).expect("readable"),
        Some(point)
    );
    let file = File::open("/proc/thread-self/ns/mnt").expect("readable");
    assert_eq!(
        MountTable::read(Source::Namespace(file.as_fd()), &ReadOptions::new())
            .expect("our own")
            .to_bytes(),
        held.to_bytes()
    );

    tmpfs(&base.join("b"));
    unmount(&base.join("a"));
    let changes = held.refresh(Refresh::Existence).expect("readable");
    assert_eq!((changes.attached.len(), changes.detached.len()), (1, 1));
    let mut seen = [
        watch.next().expect("endless").expect("readable"),
        watch.next().expect("endless").expect("readable"),
    ];
    seen.sort_by_key(|event| matches!(event, mountscan::Event::Attached(_)));
    assert!(
        matches!(&seen[0], mountscan::Event::Detached(info) if info.mount_point == base.join("a"))
    );
    assert!(
        matches!(&seen[1], mountscan::Event::Attached(info) if info.mount_point == base.join("b"))
    );
}

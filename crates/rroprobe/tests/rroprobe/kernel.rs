//! The verdict as root, without privilege, in a user namespace, under filters; and that asking
//! leaves nothing behind. Says nothing of kernels before 5.12: the VM lane does.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rroprobe::{Absence, Denial, KernelSupport, prove};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use support::namespace::own;
use support::space::{Space, has_sys_admin};

use crate::threads::{with_call_failing, with_mount_setattr_failing, without_capabilities};

#[test]
fn this_thread_is_answered_by_its_privilege() {
    let want = if has_sys_admin() {
        KernelSupport::Supported
    } else {
        KernelSupport::Denied(Denial::Privilege)
    };
    assert_eq!(
        (KernelSupport::probe(), prove(), KernelSupport::cached()),
        (want, want, want)
    );
}

#[test]
fn a_thread_without_capabilities_lacks_the_privilege() {
    let want = KernelSupport::Denied(Denial::Privilege);
    assert_eq!(
        without_capabilities(|| (KernelSupport::probe(), prove())),
        (want, want)
    );
}

#[test]
fn a_filter_that_says_no_such_call_hides_it() {
    let want = KernelSupport::Absent(Absence::Hidden);
    assert_eq!(
        with_mount_setattr_failing(libc::ENOSYS, || (KernelSupport::probe(), prove())),
        (want, want)
    );
}

#[test]
fn a_filter_that_refuses_is_told_from_a_missing_privilege() {
    let want = KernelSupport::Denied(Denial::Filter);
    for errno in [libc::EPERM, libc::EACCES] {
        assert_eq!(
            with_mount_setattr_failing(errno, || (KernelSupport::probe(), prove())),
            (want, want)
        );
    }
}

#[test]
fn a_filter_that_claims_success_is_seen_through() {
    let want = KernelSupport::NoEffect;
    assert_eq!(
        with_mount_setattr_failing(0, || (KernelSupport::probe(), prove())),
        (want, want)
    );
}

#[test]
fn a_filter_that_interrupts_for_ever_ends_as_a_fault() {
    let want = KernelSupport::Fault {
        call: "mount_setattr",
        errno: libc::EINTR,
    };
    assert_eq!(
        with_mount_setattr_failing(libc::EINTR, KernelSupport::probe),
        want
    );
}

#[test]
fn filtered_answers_are_not_kept() {
    with_mount_setattr_failing(libc::ENOMEM, || {
        let fault = KernelSupport::Fault {
            call: "mount_setattr",
            errno: libc::ENOMEM,
        };
        // Another test may have kept the lasting answer already; a fault is never what is kept.
        let now = KernelSupport::cached();
        assert!(now == fault || now == KernelSupport::Supported, "{now:?}");
    });
    assert_eq!(KernelSupport::cached(), KernelSupport::probe());
}

#[test]
fn a_shortage_on_the_way_to_the_proof_is_a_fault_that_names_the_call() {
    own(Space::MOUNTS, || {
        let calls = [
            (libc::SYS_fsopen, "fsopen"),
            (libc::SYS_fsconfig, "fsconfig"),
            (libc::SYS_fsmount, "fsmount"),
        ];
        for (number, call) in calls {
            let fault = KernelSupport::Fault {
                call,
                errno: libc::EMFILE,
            };
            assert_eq!(with_call_failing(number, libc::EMFILE, prove), fault);
            let denied = KernelSupport::Denied(Denial::Filter);
            assert_eq!(with_call_failing(number, libc::EPERM, prove), denied);
        }
    });
}

#[test]
fn a_user_namespace_of_ones_own_is_enough() {
    own(Space::MOUNTS.in_new_user_namespace(), || {
        assert_eq!(
            (KernelSupport::probe(), prove()),
            (KernelSupport::Supported, KernelSupport::Supported)
        );
        let denied = KernelSupport::Denied(Denial::Privilege);
        assert_eq!(
            without_capabilities(|| (KernelSupport::probe(), prove())),
            (denied, denied)
        );
    });
}

/// All that a probe could leave behind.
#[derive(Debug, PartialEq)]
pub(crate) struct Surroundings {
    mount_table: Vec<u8>,
    descriptors: BTreeSet<PathBuf>,
    directories: Vec<BTreeSet<PathBuf>>,
}

pub(crate) fn look_around() -> Surroundings {
    let names = |dir: PathBuf| -> BTreeSet<PathBuf> {
        fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    Surroundings {
        mount_table: fs::read("/proc/thread-self/mountinfo").unwrap(),
        descriptors: names("/proc/self/fd".into()),
        directories: vec![
            names("/".into()),
            names("/tmp".into()),
            // By its descriptor, not its path: a checkout below /tmp is covered by now.
            names(".".into()),
        ],
    }
}

#[track_caller]
fn leaves_nothing_behind() {
    crate::threads::tmpfs_on_tmp();
    let table = fs::File::open("/proc/thread-self/mountinfo").unwrap();
    // The first poll takes note of the table's present state.
    let changed = || {
        let mut fds = [PollFd::new(&table, PollFlags::PRI)];
        poll(
            &mut fds,
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        )
        .unwrap();
        fds[0].revents().contains(PollFlags::PRI)
    };
    changed();
    let before = look_around();
    for _ in 0..50 {
        assert_eq!(
            (KernelSupport::probe(), prove(), KernelSupport::cached()),
            (
                KernelSupport::Supported,
                KernelSupport::Supported,
                KernelSupport::Supported,
            )
        );
        with_mount_setattr_failing(libc::EPERM, prove);
    }
    assert_eq!(look_around(), before);
    assert!(!changed(), "the mount table told of a change");
}

#[test]
fn nothing_differs_before_and_after() {
    own(Space::MOUNTS, || {
        leaves_nothing_behind();
    });
}

#[test]
fn nothing_differs_before_and_after_in_a_user_namespace() {
    own(Space::MOUNTS.in_new_user_namespace(), leaves_nothing_behind);
}

//! The verdicts on every kernel of the VM lane: as root and in a user namespace, with and without
//! privilege, under filters; and that asking leaves nothing behind, whatever the answer.

use rroprobe::{Absence, Denial, KernelSupport, prove};

use crate::kernel::look_around;
use support::namespace::own;
use support::space::Space;

use crate::threads::{tmpfs_on_tmp, with_mount_setattr_failing, without_capabilities};

/// Whether this kernel has `mount_setattr`, by its release: those of the lane have no back-ports.
fn has_the_call() -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut next = || -> u32 { numbers.next().unwrap().parse().unwrap() };
    (next(), next()) >= (5, 12)
}

#[track_caller]
fn check(state: &str, asked: KernelSupport, proved: KernelSupport, want: KernelSupport) {
    assert_eq!((asked, proved), (want, want), "{state}");
}

fn each_state_has_its_verdict() {
    tmpfs_on_tmp();
    let old = KernelSupport::Absent(Absence::OldKernel);
    let or_old = |verdict| if has_the_call() { verdict } else { old };
    let before = look_around();
    check(
        "able",
        KernelSupport::probe(),
        prove(),
        or_old(KernelSupport::Supported),
    );
    let (asked, proved) = without_capabilities(|| (KernelSupport::probe(), prove()));
    let want = or_old(KernelSupport::Denied(Denial::Privilege));
    check("without capabilities", asked, proved, want);
    for (errno, want) in [
        (libc::ENOSYS, or_old(KernelSupport::Absent(Absence::Hidden))),
        (libc::EPERM, KernelSupport::Denied(Denial::Filter)),
        (libc::EACCES, KernelSupport::Denied(Denial::Filter)),
        (0, KernelSupport::NoEffect),
    ] {
        let ask = || (KernelSupport::probe(), prove());
        let (asked, proved) = with_mount_setattr_failing(errno, ask);
        check(&format!("filter answers {errno}"), asked, proved, want);
        let (asked, proved) = with_mount_setattr_failing(errno, || without_capabilities(ask));
        check(
            &format!("filter answers {errno}, unprivileged"),
            asked,
            proved,
            want,
        );
    }
    assert_eq!(look_around(), before);
}

#[test]
#[ignore = "vm: the answer of each kernel"]
fn for_root() {
    own(Space::MOUNTS, each_state_has_its_verdict);
}

#[test]
#[ignore = "vm: the answer of each kernel"]
fn in_a_user_namespace() {
    own(
        Space::MOUNTS.in_new_user_namespace(),
        each_state_has_its_verdict,
    );
}

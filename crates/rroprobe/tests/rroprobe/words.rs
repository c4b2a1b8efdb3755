//! What machines read: stable words, causes, JSON.

use std::error::Error as _;
use std::io;
use std::path::Path;

use rroprobe::{
    Absence, Denial, KernelSupport, MountOption, RuntimeSupport, make_recursively_read_only,
};
use support::space::has_sys_admin;

use crate::threads::with_mount_setattr_failing;

#[test]
fn each_answer_has_its_word() {
    let fault = KernelSupport::probe();
    let known = ["supported", "absent", "denied", "fault", "no-effect"];
    assert!(known.contains(&fault.as_str()), "{fault:?}");
    for (answer, word) in [
        (KernelSupport::Supported, "supported"),
        (KernelSupport::Absent(Absence::OldKernel), "absent"),
        (KernelSupport::Absent(Absence::Hidden), "absent"),
        (KernelSupport::Denied(Denial::Privilege), "denied"),
        (KernelSupport::NoEffect, "no-effect"),
    ] {
        assert_eq!(answer.as_str(), word);
    }
    for (answer, word) in [
        (RuntimeSupport::Yes, "yes"),
        (RuntimeSupport::No, "no"),
        (RuntimeSupport::Unknown, "unknown"),
    ] {
        assert_eq!(answer.as_str(), word);
    }
    assert_eq!(MountOption::Ro.as_str(), "ro");
    assert_eq!(MountOption::Rro.as_str(), "rro");
}

#[test]
fn an_error_keeps_its_cause() {
    let error = make_recursively_read_only(Path::new("/nonexistent/tree")).unwrap_err();
    let cause = error.source().expect("a system call failed");
    let cause = cause.downcast_ref::<io::Error>().expect("the system's");
    assert_eq!(cause.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(error.path(), Some(Path::new("/nonexistent/tree")));
}

/// A lasting answer is not asked for again, not even where asking would be refused.
#[test]
fn a_lasting_answer_is_kept() {
    if !has_sys_admin() {
        return support::skip::skip("the kernel gives no lasting answer without CAP_SYS_ADMIN");
    }
    assert_eq!(KernelSupport::cached(), KernelSupport::Supported);
    let (asked, kept) = with_mount_setattr_failing(libc::EPERM, || {
        (KernelSupport::probe(), KernelSupport::cached())
    });
    assert_eq!(asked, KernelSupport::Denied(Denial::Filter));
    assert_eq!(kept, KernelSupport::Supported);
}

#[cfg(feature = "serde")]
#[test]
fn json_has_the_word_and_the_reason() {
    use rroprobe::RuntimeAnswer;
    use serde_json::{json, to_value};

    let kernel = to_value(KernelSupport::NoEffect).unwrap();
    let detail = KernelSupport::NoEffect.to_string();
    assert_eq!(kernel, json!({ "verdict": "no-effect", "detail": detail }));
    let runtime = to_value(RuntimeAnswer::new(RuntimeSupport::No, "too old")).unwrap();
    assert_eq!(runtime, json!({ "verdict": "no", "reason": "too old" }));
    assert_eq!(to_value(MountOption::Rro).unwrap(), json!("rro"));
}

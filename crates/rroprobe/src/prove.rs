//! Proves that recursive read-only mounts work: tries one on a mount that nobody can see.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, retry_on_intr};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use crate::kernel::{Denial, KernelSupport};
use crate::log::debug;
use crate::sys::{self, MountAttr};

/// Makes a detached tmpfs recursively read-only, then tries to create a file on it.
///
/// The tmpfs is never attached anywhere. No mount table shows it, no directory is made for it, and
/// no `poll(2)` on a mount table wakes. It is gone before this function returns, when its
/// descriptor closes. The call takes about 70 µs. It needs the same privilege as the real change:
/// `CAP_SYS_ADMIN` in the user namespace that owns the mount namespace. So it also works inside a
/// container's own user and mount namespace.
///
/// If [`KernelSupport::probe`] says no, the answer is the same. It is [`KernelSupport::NoEffect`]
/// when the call succeeds and the file can still be created. [`KernelSupport::Fault`] names a call
/// that failed before the proof was complete (`EMFILE`, `ENOMEM`, …).
///
/// # Examples
///
/// ```
/// use rroprobe::KernelSupport;
///
/// match rroprobe::prove() {
///     KernelSupport::Supported => println!("seen to work"),
///     other => println!("not shown: {other}"),
/// }
/// ```
///
/// # References
///
/// `fsopen(2)`, `fsmount(2)` (Linux 5.2),
/// [`mount_setattr(2)`](https://man7.org/linux/man-pages/man2/mount_setattr.2.html) (5.12).
pub fn prove() -> KernelSupport {
    let asked = KernelSupport::probe();
    if !asked.is_supported() {
        return asked;
    }
    let verdict = try_on_detached_tmpfs().unwrap_or_else(|(call, errno)| explain(call, errno));
    debug!(
        verdict = verdict.as_str(),
        "tried recursive read-only on a detached mount"
    );
    verdict
}

/// A call's name with its error number.
type Failed = (&'static str, Errno);

fn try_on_detached_tmpfs() -> Result<KernelSupport, Failed> {
    let mount = detached_tmpfs()?;
    let attr = MountAttr {
        attr_set: sys::RDONLY,
        ..MountAttr::default()
    };
    let flags = sys::EMPTY_PATH | sys::RECURSIVE;
    retry_on_intr(|| sys::mount_setattr(mount.as_raw_fd(), c"", flags, Some(&attr)))
        .map_err(|errno| ("mount_setattr", errno))?;
    // A call that succeeds proves little: some sandboxes say yes and do nothing. So a file is
    // created, which a read-only mount must refuse, even to root.
    let create = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    match retry_on_intr(|| openat(mount.as_fd(), "probe", create, Mode::RUSR)) {
        Err(Errno::ROFS) => Ok(KernelSupport::Supported),
        Ok(_) => Ok(KernelSupport::NoEffect),
        Err(errno) => Err(("openat", errno)),
    }
}

fn detached_tmpfs() -> Result<OwnedFd, Failed> {
    // tmpfs needs no device, and may be mounted in a user namespace as well.
    let context = retry_on_intr(|| fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC))
        .map_err(|errno| ("fsopen", errno))?;
    retry_on_intr(|| fsconfig_create(&context)).map_err(|errno| ("fsconfig", errno))?;
    retry_on_intr(|| {
        fsmount(
            &context,
            FsMountFlags::FSMOUNT_CLOEXEC,
            // Writable at first. Otherwise the refusal would prove nothing.
            MountAttrFlags::empty(),
        )
    })
    .map_err(|errno| ("fsmount", errno))
}

/// Finds the verdict for a call that failed.
///
/// The probe has just seen the privilege, so a later refusal comes from a filter.
fn explain(call: &'static str, errno: Errno) -> KernelSupport {
    match errno {
        Errno::PERM | Errno::ACCESS => KernelSupport::Denied(Denial::Filter),
        _ => KernelSupport::Fault {
            call,
            errno: errno.raw_os_error(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_on_the_way_is_a_filter_and_a_shortage_is_a_fault() {
        assert_eq!(
            explain("fsopen", Errno::PERM),
            KernelSupport::Denied(Denial::Filter)
        );
        let fault = explain("fsopen", Errno::MFILE);
        assert_eq!(
            fault,
            KernelSupport::Fault {
                call: "fsopen",
                errno: 24
            }
        );
        assert!(!fault.is_lasting());
    }
}

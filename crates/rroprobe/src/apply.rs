//! Makes a whole tree of mounts read-only.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxAttributes, StatxFlags, openat, statx};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};
use crate::kernel::KernelSupport;
use crate::log::debug;
use crate::sys::{self, MountAttr};

/// How often a busy tree is tried.
///
/// A path look-up or the creation of a file holds a mount for microseconds only. A process that
/// has a file open holds it longer, and more attempts do not help.
const TRIES: u32 = 5;

/// Makes the mount at `path` and every mount below it read-only, all or nothing.
///
/// Symbolic links in `path` are followed. If someone else may change the path meanwhile, use
/// [`make_recursively_read_only_fd`]. The mounts change, not the filesystems: other mounts of the
/// same filesystem stay writable. A mount that is added below later is not made read-only.
///
/// Needs `CAP_SYS_ADMIN` in the user namespace that owns the mount namespace, and Linux 5.12.
///
/// # Errors
///
/// After an error nothing has changed. [`ErrorKind::Busy`]: a file on a mount of the tree is open
/// for writing; mountscan's `holders` finds the process.
/// [`ErrorKind::NotAMountPoint`]: `path` is an ordinary directory or file.
/// [`ErrorKind::NotFound`], [`ErrorKind::Denied`], [`ErrorKind::Unsupported`] (before 5.12 or
/// filtered), [`ErrorKind::Io`].
///
/// # Examples
///
/// ```no_run
/// use std::path::Path;
///
/// if let Err(error) = rroprobe::make_recursively_read_only(Path::new("/srv/export")) {
///     eprintln!("{error}");
/// }
/// ```
///
/// # References
///
/// [`mount_setattr(2)`](https://man7.org/linux/man-pages/man2/mount_setattr.2.html).
#[doc(alias = "mount_setattr")]
pub fn make_recursively_read_only(path: &Path) -> Result<(), Error> {
    // `O_PATH` needs no read permission, and does not open a device or wait for a named pipe.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let tree = retry_on_intr(|| openat(CWD, path, flags, Mode::empty())).map_err(|errno| {
        let kind = match errno {
            Errno::NOENT | Errno::NOTDIR => ErrorKind::NotFound,
            Errno::ACCESS | Errno::PERM => ErrorKind::Denied,
            _ => ErrorKind::Io,
        };
        Error::call(kind, &format!("open({path:?}, O_PATH)"), path, None, errno)
    })?;
    apply(tree.as_fd(), path)
}

/// Like [`make_recursively_read_only`], for the mount whose root `tree` refers to.
///
/// `tree` may be an `O_PATH` descriptor. It may also be a detached tree, from `open_tree(2)` with
/// `OPEN_TREE_CLONE` or from `fsmount(2)`: that is then read-only before anyone can see it.
///
/// # Errors
///
/// As for [`make_recursively_read_only`].
pub fn make_recursively_read_only_fd(tree: impl AsFd) -> Result<(), Error> {
    let tree = tree.as_fd();
    // For messages only. A descriptor does not know its path, but procfs does.
    let link = PathBuf::from(format!("/proc/self/fd/{}", tree.as_raw_fd()));
    apply(tree, &std::fs::read_link(&link).unwrap_or(link))
}

fn apply(tree: BorrowedFd<'_>, path: &Path) -> Result<(), Error> {
    let attr = MountAttr {
        attr_set: sys::RDONLY,
        ..MountAttr::default()
    };
    // By descriptor: the tree is the one that was opened, even if the path leads elsewhere by now.
    let flags = sys::EMPTY_PATH | sys::RECURSIVE;
    let call = format!("mount_setattr({path:?}, AT_RECURSIVE, MOUNT_ATTR_RDONLY)");
    let mut attempt = 0;
    loop {
        attempt += 1;
        match retry_on_intr(|| sys::mount_setattr(tree.as_raw_fd(), c"", flags, Some(&attr))) {
            Ok(()) => {
                debug!(mount_point = %path.display(), "made recursively read-only");
                return Ok(());
            }
            // The call is all or nothing: after EBUSY no mount has changed, so it can be made
            // again.
            Err(Errno::BUSY) if attempt < TRIES => {
                thread::sleep(Duration::from_millis(1 << attempt));
            }
            Err(errno) => return Err(explain(tree, &call, path, errno)),
        }
    }
}

/// Says what an error number means here. One number can have several causes.
fn explain(tree: BorrowedFd<'_>, call: &str, path: &Path, errno: Errno) -> Error {
    let error =
        |kind, note: Option<&dyn std::fmt::Display>| Error::call(kind, call, path, note, errno);
    match errno {
        Errno::NOSYS => error(ErrorKind::Unsupported, Some(&KernelSupport::probe())),
        Errno::BUSY => error(
            ErrorKind::Busy,
            Some(&"a file on a mount of the tree is open for writing"),
        ),
        Errno::PERM | Errno::ACCESS => {
            let why = why_denied(KernelSupport::probe());
            error(ErrorKind::Denied, Some(&why))
        }
        // The kernel answers EINVAL for two faults; statx(2) knows which one it is.
        Errno::INVAL => match is_mount_root(tree) {
            Some(false) => error(
                ErrorKind::NotAMountPoint,
                Some(&"not a mount point; bind it onto itself first"),
            ),
            _ => error(
                ErrorKind::OtherNamespace,
                Some(&"the mount belongs to another mount namespace"),
            ),
        },
        _ => error(ErrorKind::Io, None),
    }
}

/// Says why a change was refused.
///
/// If the probe says that this thread has the privilege, the tree is the cause: one of its mounts
/// came from a more privileged namespace and is locked, or a security module guards it.
fn why_denied(support: KernelSupport) -> String {
    if support.is_supported() {
        return "a mount of the tree is locked or guarded".to_owned();
    }
    support.to_string()
}

fn is_mount_root(tree: BorrowedFd<'_>) -> Option<bool> {
    let stat = statx(tree, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
    // Linux before 5.8 does not report this attribute. Then the bit's absence says nothing.
    let known = stat
        .stx_attributes_mask
        .contains(StatxAttributes::MOUNT_ROOT);
    known.then(|| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Denial;

    #[test]
    fn a_refusal_is_the_trees_only_where_the_privilege_is_there() {
        assert!(why_denied(KernelSupport::Supported).contains("locked or guarded"));
        let missing = KernelSupport::Denied(Denial::Privilege);
        assert!(why_denied(missing).contains("CAP_SYS_ADMIN"));
    }
}

//! Tells later whether one mount still lives, without keeping it alive.
//!
//! A descriptor of the mount would keep it alive. A mark of fanotify does not: the kernel drops the
//! mark when it frees the mount. The mark's line in the descriptor's fdinfo disappears with it. The
//! mark only names events to ignore, because an event that nobody reads would keep the mount, too.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, openat};

use crate::error::Error;
use crate::kernel::identity::{MountIdentity, identity_at};
use crate::kernel::procfs::{Proc, ProcDir};
use crate::kernel::queries::is_mounted;
use crate::kernel::sys;
use crate::log::debug;

/// What is known about the life of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountLife {
    /// The mount is in the calling thread's mount namespace.
    Mounted,
    /// The mount is not in this namespace, but it lives. Something uses it, or it is in another
    /// namespace. Files that a program sees below it still exist.
    Detached,
    /// Nothing keeps the mount any more: the kernel has freed it.
    Gone,
    /// It is not known. The kernel is older, or refuses, or procfs cannot be read.
    Unknown,
}

impl MountLife {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::Detached => "detached",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

/// Knows one mount, and tells later whether it still lives, without keeping it alive or busy.
///
/// A program that detaches a mount lazily is not told when the mount ends. Somebody may still work
/// below it for hours. Whoever removes the data meanwhile destroys that work. So open a witness
/// before the mount is detached, keep it, and ask it when it matters.
///
/// It needs `CAP_SYS_ADMIN` in the initial user namespace, and fanotify. Without them it still
/// opens, but only tells whether the mount is still mounted ([`MountLife::Unknown`] if not). To
/// open it, the kernel checks the right to read the mount's root. A network or FUSE server may be
/// asked for that.
///
/// # Examples
///
/// ```
/// use mountscan::{MountLife, MountWitness};
/// let witness = MountWitness::open("/".as_ref())?;
/// assert!(matches!(witness.life(), MountLife::Mounted | MountLife::Unknown));
/// # Ok::<(), mountscan::Error>(())
/// ```
///
/// # References
///
/// `fanotify_mark(2)`, `umount2(2)` with `MNT_DETACH`.
#[doc(alias = "MNT_DETACH")]
#[derive(Debug)]
pub struct MountWitness {
    identity: MountIdentity,
    /// The descriptor with the mark; `None` if the kernel sets none.
    marks: Option<OwnedFd>,
}

impl MountWitness {
    /// Becomes the witness of the mount on which `path` is. A link in the last component is not
    /// followed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such path; other errors
    /// as [`identity_at`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = openat(rustix::fs::CWD, path, flags, Mode::empty());
        Self::of(place.map_err(|cause| Error::at("open", path, cause.into()))?)
    }

    /// Becomes the witness of the mount on which an open file is. The file may be opened as a
    /// place.
    ///
    /// # Errors
    ///
    /// As [`identity_at`].
    pub fn of(file: impl AsFd) -> Result<Self, Error> {
        // The same descriptor serves for the identity and the mark, so that both are of one mount.
        let identity = identity_at(&file, Path::new(""))?;
        let marks = marked(&file).inspect_err(|_error| {
            debug!(error = %_error, "no mark on the mount: its end cannot be seen");
        });
        Ok(Self {
            identity,
            marks: marks.ok(),
        })
    }

    /// The mount that it knows.
    pub fn identity(&self) -> MountIdentity {
        self.identity
    }

    /// Whether it can notice the end of the mount. If not, it only tells whether the mount is
    /// mounted.
    pub fn sees_the_end(&self) -> bool {
        self.marks.is_some()
    }

    /// Whether the mount lives now. This costs one `statmount`, and the reading of a small file of
    /// procfs.
    pub fn life(&self) -> MountLife {
        // This question is cheap and mostly enough. Only a mount that is not mounted here needs the
        // mark.
        let mounted = self.identity.unique_id.and_then(is_mounted);
        if mounted == Some(true) {
            return MountLife::Mounted;
        }
        match (self.is_marked(), mounted) {
            // The mark belongs to the mount itself, whichever namespaces had it.
            (Some(false), _) => MountLife::Gone,
            (Some(true), Some(false)) => MountLife::Detached,
            _ => MountLife::Unknown,
        }
    }

    /// Whether the mark is still there. It is there as long as the mount. `None` if that cannot be
    /// read.
    fn is_marked(&self) -> Option<bool> {
        let marks = self.marks.as_ref()?;
        let proc = Proc::default().open().ok()?;
        has_mark(&proc, marks).ok()
    }
}

fn marked(file: &impl AsFd) -> Result<OwnedFd, Error> {
    let marks = sys::fanotify_marks().map_err(|cause| Error::io("fanotify_init", cause))?;
    let proc = Proc::default().open()?;
    let name = format!("thread-self/fd/{}", file.as_fd().as_raw_fd());
    // fanotify cannot mark a descriptor opened as a place, so its link in procfs is marked.
    let link = proc.shown(&name);
    let path = CString::new(link.as_os_str().as_encoded_bytes()).expect("no NUL in a number");
    sys::fanotify_mark_mount(marks.as_fd(), &path)
        .map_err(|cause| Error::at("fanotify_mark", &link, cause))?;
    // A mark that procfs does not show would later look like the end of the mount.
    match has_mark(&proc, &marks)? {
        true => Ok(marks),
        false => Err(Error::at(
            "read",
            &link,
            std::io::ErrorKind::Unsupported.into(),
        )),
    }
}

/// Whether fdinfo shows a mark on a mount.
fn has_mark(proc: &ProcDir, marks: &OwnedFd) -> Result<bool, Error> {
    let text = proc.read(format!("thread-self/fdinfo/{}", marks.as_raw_fd()))?;
    let mut lines = text.split(|&byte| byte == b'\n');
    Ok(lines.any(|line| line.starts_with(b"fanotify mnt_id:")))
}

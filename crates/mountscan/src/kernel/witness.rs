//! Tells later whether one mount still lives, without keeping it alive.
//!
//! A descriptor of the mount would keep it alive. A mark of fanotify does not: the kernel drops the
//! mark when it frees the mount. The mark's line in the descriptor's fdinfo disappears with it. The
//! mark only names events to ignore, because an event that nobody reads would keep the mount, too.

use std::collections::HashSet;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, openat};

use crate::error::Error;
use crate::ids::MountId;
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
/// asked for that. Each witness has a descriptor of its own, and a user may have 128 of the kind.
/// So use [`Witnesses`] for many mounts.
///
/// Two witnesses are equal if they know the same mount.
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
    marks: Option<Arc<OwnedFd>>,
}

impl PartialEq for MountWitness {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for MountWitness {}

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
        Witnesses::new().of(file)
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
        match (self.has_ended(), mounted) {
            // The mark belongs to the mount itself, whichever namespaces had it.
            (Some(true), _) => MountLife::Gone,
            (Some(false), Some(false)) => MountLife::Detached,
            _ => MountLife::Unknown,
        }
    }

    /// Whether the kernel has freed the mount. `None` if that is not known.
    ///
    /// It tells the same as [`life`](Self::life) to somebody who knows that the mount was detached,
    /// and it tells it also before Linux 6.8.
    pub fn has_ended(&self) -> Option<bool> {
        self.is_marked().map(|is_marked| !is_marked)
    }

    /// Whether the mark is still there. It is there as long as the mount. `None` if that cannot be
    /// read.
    fn is_marked(&self) -> Option<bool> {
        let marks = self.marks.as_ref()?;
        let proc = Proc::default().open().ok()?;
        has_mark(&proc, marks, self.identity.mount_id?).ok()
    }
}

/// Opens witnesses that share one descriptor.
///
/// A descriptor for marks is scarce: by default a user may have 128 of them
/// (`fs.fanotify.max_user_groups`). A program that detaches thousands of mounts opens their
/// witnesses here. The descriptor is closed when the last of the witnesses is dropped.
///
/// # Examples
///
/// ```
/// use mountscan::Witnesses;
/// let witnesses = Witnesses::new();
/// let root = witnesses.of(std::fs::File::open("/")?)?;
/// assert_eq!(root, witnesses.of(std::fs::File::open("/")?)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Witnesses {
    shared: Mutex<Option<Marks>>,
}

/// One descriptor, and the mounts that it has marked.
#[derive(Debug)]
struct Marks {
    descriptor: Arc<OwnedFd>,
    /// The unique ids would not do: the kernel shows a mark with the id that is reused.
    marked: HashSet<MountId>,
}

impl Witnesses {
    /// Has no witness yet, and no descriptor.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the witness of the mount on which an open file is. The file may be opened as a place.
    ///
    /// # Errors
    ///
    /// As [`identity_at`].
    pub fn of(&self, file: impl AsFd) -> Result<MountWitness, Error> {
        // The same descriptor serves for the identity and the mark, so that both are of one mount.
        let identity = identity_at(&file, Path::new(""))?;
        let marks = self.marked(&file, &identity).inspect_err(|_error| {
            debug!(error = %_error, "no mark on the mount: its end cannot be seen");
        });
        Ok(MountWitness {
            identity,
            marks: marks.ok(),
        })
    }

    /// Marks the mount, and returns the descriptor with the mark.
    fn marked(&self, file: &impl AsFd, identity: &MountIdentity) -> Result<Arc<OwnedFd>, Error> {
        let unsupported = || Error::io("statx", std::io::ErrorKind::Unsupported.into());
        let id = identity.mount_id.ok_or_else(unsupported)?;
        // Not locked while the kernel marks: that may wait for a server, and others would wait too.
        let marks = self.descriptor_for(id)?;
        mark(file, &marks, id)?;
        Ok(marks)
    }

    /// The shared descriptor, if it has no mark yet for a mount with this id; else a new one.
    fn descriptor_for(&self, id: MountId) -> Result<Arc<OwnedFd>, Error> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        // An id that is marked already may belong to another mount by now. Marks of both on one
        // descriptor would look the same.
        let fits = shared.take().filter(|marks| !marks.marked.contains(&id));
        let marks = match fits {
            Some(marks) => marks,
            None => Marks::open()?,
        };
        let marks = shared.insert(marks);
        marks.marked.insert(id);
        Ok(Arc::clone(&marks.descriptor))
    }
}

impl Marks {
    fn open() -> Result<Self, Error> {
        let descriptor =
            sys::fanotify_marks().map_err(|cause| Error::io("fanotify_init", cause))?;
        Ok(Self {
            descriptor: Arc::new(descriptor),
            marked: HashSet::new(),
        })
    }
}

/// Marks the mount on which the file is, and checks that procfs shows the mark.
fn mark(file: &impl AsFd, marks: &OwnedFd, id: MountId) -> Result<(), Error> {
    let proc = Proc::default().open()?;
    let name = format!("thread-self/fd/{}", file.as_fd().as_raw_fd());
    // fanotify cannot mark a descriptor opened as a place, so its link in procfs is marked.
    let link = proc.shown(&name);
    let path = CString::new(link.as_os_str().as_encoded_bytes()).expect("no NUL in a number");
    sys::fanotify_mark_mount(marks.as_fd(), &path)
        .map_err(|cause| Error::at("fanotify_mark", &link, cause))?;
    // A mark that procfs does not show would later look like the end of the mount.
    match has_mark(&proc, marks, id)? {
        true => Ok(()),
        false => Err(Error::at(
            "read",
            &link,
            std::io::ErrorKind::Unsupported.into(),
        )),
    }
}

/// Whether fdinfo shows a mark on the mount with this id.
fn has_mark(proc: &ProcDir, marks: &OwnedFd, id: MountId) -> Result<bool, Error> {
    let text = proc.read(format!("thread-self/fdinfo/{}", marks.as_raw_fd()))?;
    // The kernel prints the id in hexadecimal here, though mountinfo has it in decimal.
    let line = format!("fanotify mnt_id:{:x} ", id.0);
    let mut lines = text.split(|&byte| byte == b'\n');
    Ok(lines.any(|shown| shown.starts_with(line.as_bytes())))
}

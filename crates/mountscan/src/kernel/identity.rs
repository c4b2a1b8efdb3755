//! Tells which mount a path or an open file is on, without touching what is mounted.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Statx, StatxAttributes, StatxFlags, statx};
use rustix::io::Errno;

use crate::error::{Error, ErrorKind};
use crate::ids::{MountId, UniqueMountId};
use crate::kernel::queries::is_mounted;
use crate::kernel::statmount::Answer;
use crate::kernel::{statmount, sys};

/// `STATX_MNT_ID_UNIQUE` (Linux 6.8). The wrapper has no name for it yet.
const MNT_ID_UNIQUE: StatxFlags = StatxFlags::from_bits_retain(0x4000);
/// How often the mount at a name may be replaced between two calls before this gives up.
const TRIES: usize = 16;

/// The mount that an object is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MountIdentity {
    /// The id as in mountinfo (Linux 5.8). It is reused as soon as the mount is gone.
    pub mount_id: Option<MountId>,
    /// The id that is never reused (Linux 6.8).
    pub unique_id: Option<UniqueMountId>,
    /// Whether the object is the root of the mount, so that its path is a mount point.
    pub is_mount_root: bool,
}

impl MountIdentity {
    /// Whether both are certainly the same mount. The unique ids decide if both have one, else the
    /// reused ids.
    pub fn is_same_mount(&self, other: &MountIdentity) -> bool {
        match (self.unique_id, other.unique_id) {
            (Some(a), Some(b)) => a == b,
            _ => self.mount_id.is_some() && self.mount_id == other.mount_id,
        }
    }
}

/// Tells on which mount the object `name` in the open directory `dir` is. With an empty `name` it
/// is `dir` itself.
///
/// It does not follow a link in the last component, triggers no automount and does not ask the file
/// system. So a network or FUSE server that hangs cannot make it hang. Of stacked mounts it sees
/// the top one. Both ids are of the same mount, even if another mount takes its place meanwhile.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] when there is no such name. [`ErrorKind::Unsupported`] before Linux 5.8,
/// or when a filter refuses `statx`. [`ErrorKind::Unstable`] when the mount was replaced again and
/// again.
///
/// # References
///
/// `statx(2)`, `name_to_handle_at(2)`.
#[doc(alias = "statx")]
pub fn identity_at(dir: impl AsFd, name: &Path) -> Result<MountIdentity, Error> {
    let dir = dir.as_fd();
    let failed = |cause: Errno| Error::at("statx", name, cause.into());
    for _ in 0..TRIES {
        let before = unique_id(dir, name).map_err(failed)?;
        // The two calls may see two mounts at one name. So the first is repeated below.
        let answer = plain(dir, name)?;
        // The reused id and the unique one cannot be asked for in one call.
        if before.is_none()
            || name.as_os_str().is_empty()
            || unique_id(dir, name).map_err(failed)? == before
        {
            return Ok(MountIdentity {
                // The kernel gives 64 bits for an id that mountinfo prints with 32.
                mount_id: id_of(&answer, StatxFlags::MNT_ID)
                    .and_then(|id| u32::try_from(id).ok().map(MountId)),
                unique_id: before.map(UniqueMountId),
                is_mount_root: is_mount_root(&answer),
            });
        }
    }
    let what = format!("statx({name:?}): the mount was replaced {TRIES} times");
    Err(Error::unstable(what))
}

/// Asks in one call for the unique id, and whether the path is a mount point. `None` if the call
/// does not give both.
pub(crate) fn unique_at(path: &Path) -> Result<Option<MountIdentity>, Error> {
    let answer = match look(rustix::fs::CWD, path, MNT_ID_UNIQUE) {
        Err(Errno::ACCESS) => return Ok(None),
        answer => answer.map_err(|cause| Error::at("statx", path, cause.into()))?,
    };
    Ok(id_of(&answer, MNT_ID_UNIQUE).map(|id| MountIdentity {
        mount_id: None,
        unique_id: Some(UniqueMountId(id)),
        is_mount_root: is_mount_root(&answer),
    }))
}

/// Whether the object `name` in the open directory `dir` is the root of a mount: one `statx`.
///
/// It tells less than [`identity_at`] and costs less. A bound file is a mount root, too. A link is
/// not followed, so a link to a mount point is no mount root.
///
/// # Errors
///
/// As [`identity_at`].
pub fn is_mount_root_at(dir: impl AsFd, name: &Path) -> Result<bool, Error> {
    plain(dir.as_fd(), name).map(|answer| is_mount_root(&answer))
}

/// Whether `path` is a mount point: one `statx`, however large the mount table is.
///
/// Links before the last component are followed; a link in the last component is not. A missing
/// path is no mount point.
///
/// # Errors
///
/// As [`identity_at`]; a missing path is an answer and no error.
pub fn is_mount_point(path: &Path) -> Result<bool, Error> {
    match is_mount_root_at(rustix::fs::CWD, path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        answer => answer,
    }
}

/// Whether the mount that an open file is on has left every mount namespace, as after a lazy
/// unmount.
///
/// `Some(true)` says that the mount lives only because something still uses it. The file may be
/// opened as a place (`O_PATH`); the open file itself is such a use. Linux 7.0 tells this of any
/// mount. An older kernel (6.8) only tells that the mount is still in the calling thread's
/// namespace. In all other cases the answer is `None`.
///
/// # References
///
/// `statmount(2)` with `STATMOUNT_BY_FD`, `umount2(2)` with `MNT_DETACH`.
#[doc(alias = "STATMOUNT_BY_FD")]
pub fn is_detached(file: impl AsFd) -> Option<bool> {
    // Only the fixed part of the answer is needed.
    let mut answer = [0; 512];
    let mask = statmount::MNT_BASIC | statmount::MNT_NS_ID;
    match sys::statmount_by_fd(file.as_fd(), mask, &mut answer) {
        Ok(()) => Some(!Answer::new(&answer).has(statmount::MNT_NS_ID)),
        // The tree was never attached, or only its own descriptor keeps it.
        Err(cause) if cause.raw_os_error() == Some(libc::ENOENT) => Some(true),
        Err(_) => {
            let id = unique_id(file.as_fd(), Path::new("")).ok().flatten()?;
            match is_mounted(UniqueMountId(id)) {
                Some(true) => Some(false),
                // In another namespace, or in none.
                Some(false) | None => None,
            }
        }
    }
}

/// Asks `statx` for nothing. Every answer has the reused id and the attributes.
///
/// Even a FUSE mount of another user answers a question for nothing. It refuses all others.
fn plain(dir: BorrowedFd<'_>, name: &Path) -> Result<Statx, Error> {
    let answer = look(dir, name, StatxFlags::empty())
        .map_err(|cause| Error::at("statx", name, cause.into()))?;
    if answer
        .stx_attributes_mask
        .contains(StatxAttributes::MOUNT_ROOT)
    {
        return Ok(answer);
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("statx({name:?}): no mount attributes before Linux 5.8"),
    ))
}

fn is_mount_root(answer: &Statx) -> bool {
    answer.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
}

/// The id, if it is of the kind that was asked for.
fn id_of(answer: &Statx, kind: StatxFlags) -> Option<u64> {
    // An older kernel fills in the reused id where the unique one was asked for.
    let given = StatxFlags::from_bits_retain(answer.stx_mask).contains(kind);
    given.then_some(answer.stx_mnt_id)
}

fn unique_id(dir: BorrowedFd<'_>, name: &Path) -> Result<Option<u64>, Errno> {
    match look(dir, name, MNT_ID_UNIQUE) {
        Ok(answer) => Ok(id_of(&answer, MNT_ID_UNIQUE)),
        Err(Errno::ACCESS) => Ok(by_handle(dir, name)),
        Err(cause) => Err(cause),
    }
}

/// Takes the id from a file handle, because a FUSE mount of another user refuses `statx`. The file
/// is opened as a place (`O_PATH`), so that the server is not asked.
fn by_handle(dir: BorrowedFd<'_>, name: &Path) -> Option<u64> {
    use rustix::fs::{Mode, OFlags, openat};
    if name.as_os_str().is_empty() {
        return sys::unique_id_by_handle(dir).ok();
    }
    let file = openat(
        dir,
        name,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    sys::unique_id_by_handle(file.as_fd()).ok()
}

pub(crate) fn look(dir: BorrowedFd<'_>, name: &Path, want: StatxFlags) -> Result<Statx, Errno> {
    // The kernel answers with what it knows. It does not ask a server, which may hang.
    let flags = AtFlags::EMPTY_PATH
        | AtFlags::SYMLINK_NOFOLLOW
        | AtFlags::NO_AUTOMOUNT
        | AtFlags::STATX_DONT_SYNC;
    rustix::io::retry_on_intr(|| statx(dir, name, flags, want))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_a_mount_point_and_a_new_directory_is_not() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // In a plain chroot, where distributions build, "/" is not a mount point.
        let table = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("procfs is here");
        let shown = table.lines().any(|row| row.split(' ').nth(4) == Some("/"));
        assert_eq!(
            is_mount_point(Path::new("/")).expect("statx works here"),
            shown
        );
        assert!(!is_mount_point(dir.path()).expect("statx works here"));
        assert!(!is_mount_point(&dir.path().join("missing")).expect("absence is an answer"));
        let missing = identity_at(rustix::fs::CWD, &dir.path().join("missing"));
        assert_eq!(missing.expect_err("not there").kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_file_and_its_directory_are_on_the_same_mount() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = std::fs::File::create(dir.path().join("f")).expect("writable");
        let open = std::fs::File::open(dir.path()).expect("readable");
        let by_name = identity_at(&open, Path::new("f")).expect("there");
        let by_fd = identity_at(&file, Path::new("")).expect("open");
        assert_eq!(by_name, by_fd);
        assert!(by_name.is_same_mount(&by_fd) && !by_name.is_mount_root);
        assert!(by_name.mount_id.is_some());
    }
}

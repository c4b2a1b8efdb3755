//! Finds which mount is at a name, by `statx`. It touches nothing inside the mount.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use mountscan::{MountId, UniqueMountId};
use rustix::fs::{AtFlags, Statx, StatxAttributes, StatxFlags, statx};
use rustix::io::retry_on_intr;

use crate::mount::Facts;

/// `STATX_MNT_ID_UNIQUE`, Linux 6.8.
const UNIQUE: StatxFlags = StatxFlags::from_bits_retain(0x4000);

/// Set when the kernel turns out to have no unique ids. Then the second call is not made again.
static REUSED_ONLY: AtomicBool = AtomicBool::new(false);

/// What is at a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The root of a mount.
    Mount(Ids),
    /// Something that is not the root of a mount.
    NoMount,
    /// Nothing is there, or the path to it leads to nothing.
    Nothing,
}

/// The ids of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) mount_id: MountId,
    pub(crate) unique_id: Option<UniqueMountId>,
}

impl Ids {
    pub(crate) fn facts(self) -> Facts<'static> {
        Facts {
            mount_id: Some(self.mount_id),
            unique_id: self.unique_id,
            ..Facts::default()
        }
    }
}

/// Looks at `name` in `directory`, or at `directory` itself if the name is empty.
///
/// It does not follow a final symlink, does not trigger an automount, and does not ask
/// the server of a network filesystem.
pub(crate) fn look(directory: &OwnedFd, name: &OsStr) -> io::Result<Seen> {
    let reused = match stat(directory, name, StatxFlags::MNT_ID) {
        Ok(stat) => stat,
        Err(e) if is_absent(&e) => return Ok(Seen::Nothing),
        Err(e) => return Err(e),
    };
    let mount_id = mount_id(&reused)?;
    if !reused.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(Seen::NoMount);
    }
    // A second call: one `statx` gives either the reused id or the unique one, in the same
    // field.
    let unique_id = unique(directory, name)?;
    Ok(Seen::Mount(Ids {
        mount_id,
        unique_id,
    }))
}

/// The unique id of the mount whose root is at the name. It costs half as much as [`look`].
/// `None` if no mount is there, or if the kernel has no unique ids.
pub(crate) fn unique(directory: &OwnedFd, name: &OsStr) -> io::Result<Option<UniqueMountId>> {
    if REUSED_ONLY.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let stat = match stat(directory, name, UNIQUE) {
        Ok(stat) => stat,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    // An older kernel ignores the bit in the mask and leaves it out of the answer.
    if !has(&stat, UNIQUE) {
        REUSED_ONLY.store(true, Ordering::Relaxed);
        return Ok(None);
    }
    let is_root = stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
    Ok(is_root.then_some(UniqueMountId(stat.stx_mnt_id)))
}

/// The mount that an open directory lies on. The directory need not be its root.
pub(crate) fn mount_of(directory: &OwnedFd) -> io::Result<MountId> {
    mount_id(&stat(directory, OsStr::new(""), StatxFlags::MNT_ID)?)
}

/// Whether an error says that there is nothing by that name.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EXDEV)
    )
}

fn stat(directory: &OwnedFd, name: &OsStr, mask: StatxFlags) -> io::Result<Statx> {
    // DONT_SYNC: what the kernel has cached is enough, so no server is asked.
    let mut flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    if name.is_empty() {
        flags |= AtFlags::EMPTY_PATH;
    }
    Ok(retry_on_intr(|| statx(directory, name, flags, mask))?)
}

fn mount_id(stat: &Statx) -> io::Result<MountId> {
    // Before Linux 5.8 the kernel does not say which mount it is.
    if !has(stat, StatxFlags::MNT_ID) {
        return Err(io::Error::from_raw_os_error(libc::ENOSYS));
    }
    // The kernel's reused ids are of type int.
    Ok(MountId(u32::try_from(stat.stx_mnt_id).unwrap_or(u32::MAX)))
}

fn has(stat: &Statx, flag: StatxFlags) -> bool {
    stat.stx_mask & flag.bits() != 0
}

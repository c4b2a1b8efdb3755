//! Which mount is at a name, by one `statx` that touches nothing below it.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use mountscan::{MountId, UniqueMountId};
use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};

use crate::path::retry;

/// `STATX_MNT_ID_UNIQUE`, Linux 6.8.
const UNIQUE: StatxFlags = StatxFlags::from_bits_retain(0x4000);

/// Set once a kernel turns out to have no unique ids, to spare the second call.
static REUSED_ONLY: AtomicBool = AtomicBool::new(false);

/// What is at a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A mount.
    Mount {
        mount_id: MountId,
        unique_id: Option<UniqueMountId>,
    },
    /// Something that is not the root of a mount.
    NoMount,
    /// Nothing, or nothing that a directory could hold.
    Nothing,
}

/// Looks at `name` in `directory`, or at `directory` itself if the name is empty.
/// A final symlink is not followed, an automount not triggered, a hung server
/// not asked.
pub(crate) fn look(directory: &OwnedFd, name: &OsStr) -> io::Result<Seen> {
    let reused = match stat(directory, name, StatxFlags::MNT_ID) {
        Ok(stat) => stat,
        Err(e) if is_absent(&e) => return Ok(Seen::Nothing),
        Err(e) => return Err(e),
    };
    if !has(reused.stx_mask, StatxFlags::MNT_ID) {
        // Before Linux 5.8 the kernel does not tell which mount it is.
        return Err(io::Error::from_raw_os_error(libc::ENOSYS));
    }
    if !reused.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(Seen::NoMount);
    }
    // The kernel's reused ids are of type int.
    let mount_id = MountId(u32::try_from(reused.stx_mnt_id).unwrap_or(u32::MAX));
    Ok(Seen::Mount {
        mount_id,
        unique_id: unique(directory, name)?,
    })
}

/// The unique id alone, of a mount whose root is at the name: half the price of
/// [`look`]. `None` if no mount is, or the kernel has no such ids.
pub(crate) fn unique(directory: &OwnedFd, name: &OsStr) -> io::Result<Option<UniqueMountId>> {
    if REUSED_ONLY.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let stat = match stat(directory, name, UNIQUE) {
        Ok(stat) => stat,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    if !has(stat.stx_mask, UNIQUE) {
        REUSED_ONLY.store(true, Ordering::Relaxed);
        return Ok(None);
    }
    let is_root = stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
    Ok(is_root.then_some(UniqueMountId(stat.stx_mnt_id)))
}

fn stat(directory: &OwnedFd, name: &OsStr, mask: StatxFlags) -> io::Result<rustix::fs::Statx> {
    let mut flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    if name.is_empty() {
        flags |= AtFlags::EMPTY_PATH;
    }
    retry(|| statx(directory, name, flags, mask))
}

fn has(mask: u32, flag: StatxFlags) -> bool {
    mask & flag.bits() != 0
}

/// Whether an error says that there is nothing by that name.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EXDEV)
    )
}

/// The mount that an open directory lies on, be it that mount's root or not.
pub(crate) fn mount_of(directory: &OwnedFd) -> io::Result<MountId> {
    let stat = stat(directory, OsStr::new(""), StatxFlags::MNT_ID)?;
    if !has(stat.stx_mask, StatxFlags::MNT_ID) {
        return Err(io::Error::from_raw_os_error(libc::ENOSYS));
    }
    Ok(MountId(u32::try_from(stat.stx_mnt_id).unwrap_or(u32::MAX)))
}

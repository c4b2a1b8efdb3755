//! Asks the kernel itself whether a mount is busy.

use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::Mode;

/// The kernel's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KernelWord {
    Busy,
    NotBusy,
    /// It could not be asked.
    Unknown(String),
}

/// Asks with the first half of an unmount that waits for a mount to expire. The kernel marks an
/// idle mount, and refuses a busy one. A look at the mount removes the mark at once. Nothing is
/// unmounted.
pub(super) fn ask(mount_point: &Path) -> KernelWord {
    // umount2(2): only a second such call, with no use in between, unmounts.
    let flags = MntFlags::MNT_EXPIRE | MntFlags::UMOUNT_NOFOLLOW;
    match umount2(mount_point, flags) {
        Err(Errno::EAGAIN) => {
            // To open the mount is a use of it, and a use clears the mark.
            let place = OFlag::O_PATH | OFlag::O_CLOEXEC;
            drop(open(mount_point, place, Mode::empty()));
            KernelWord::NotBusy
        }
        Err(Errno::EBUSY) => KernelWord::Busy,
        Err(Errno::EPERM) => KernelWord::Unknown("that needs CAP_SYS_ADMIN".into()),
        Err(errno) => KernelWord::Unknown(errno.desc().into()),
        // Somebody else had marked it, and nobody had looked at it since.
        Ok(()) => KernelWord::Unknown("it had expired and is unmounted now".into()),
    }
}

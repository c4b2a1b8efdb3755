//! What the kernel itself says of a mount: busy or not.

use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::Mode;

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KernelWord {
    Busy,
    NotBusy,
    /// It could not be asked.
    Unknown(String),
}

/// Asks by the first half of an unmount that waits for a mount to expire: it marks an idle mount
/// and refuses a busy one. The mark is taken away at once, by a look at the mount. Nothing is
/// unmounted.
pub(super) fn ask(mount_point: &Path) -> KernelWord {
    let flags = MntFlags::MNT_EXPIRE | MntFlags::UMOUNT_NOFOLLOW;
    match umount2(mount_point, flags) {
        Err(Errno::EAGAIN) => {
            let place = OFlag::O_PATH | OFlag::O_CLOEXEC;
            drop(open(mount_point, place, Mode::empty()));
            KernelWord::NotBusy
        }
        Err(Errno::EBUSY) => KernelWord::Busy,
        Err(Errno::EPERM) => KernelWord::Unknown("that needs CAP_SYS_ADMIN".into()),
        Err(errno) => KernelWord::Unknown(errno.desc().into()),
        // It had been marked by somebody else, and nobody had looked at it since.
        Ok(()) => KernelWord::Unknown("it had expired and is unmounted now".into()),
    }
}

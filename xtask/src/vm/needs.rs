//! What the lane takes from the machine that it runs on.

use super::machine::qemu;
use crate::packages;

/// Packages of Debian that this lane takes from the machine: program, package.
pub(super) const NEEDS: &[(&str, &str)] = &[
    (qemu::PROGRAM, "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("mke2fs", "e2fsprogs"),
    ("mkfs.btrfs", "btrfs-progs"),
];

/// Packages the lane would have to install, and whether it may.
pub(crate) fn missing_packages() -> (Vec<&'static str>, bool) {
    (packages::missing(NEEDS), packages::may_install())
}

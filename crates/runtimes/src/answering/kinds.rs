//! Knows the file systems that need no server to answer. Pure.

use std::ffi::OsStr;

/// The kernel alone answers for these, from memory or from a disk of this machine.
const LOCAL: [&str; 46] = [
    "aufs",
    "bcachefs",
    "binder",
    "binfmt_misc",
    "bpf",
    "btrfs",
    "cgroup",
    "cgroup2",
    "configfs",
    "cpuset",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "jfs",
    "mqueue",
    "msdos",
    "nsfs",
    "ntfs3",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "reiserfs",
    "resctrl",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
    "vfat",
    "xfs",
    "zfs",
];

/// Whether a look-up in a file system of this type may wait for a server. A type that is not known
/// here may.
pub(super) fn may_wait(fs_type: &OsStr) -> bool {
    let name = fs_type.as_encoded_bytes();
    !LOCAL.iter().any(|local| local.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_unknown_types_may_keep_us_waiting() {
        for name in [
            "fuse",
            "fuse.sshfs",
            "nfs4",
            "9p",
            "autofs",
            "virtiofs",
            "newfs",
            "",
        ] {
            assert!(may_wait(name.as_ref()), "{name}");
        }
        for name in ["ext4", "tmpfs", "overlay", "fusectl", "xfs"] {
            assert!(!may_wait(name.as_ref()), "{name}");
        }
    }
}

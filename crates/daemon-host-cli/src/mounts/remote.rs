//! Knows the file systems whose data is on another machine, or behind a server of this one. Pure.

use std::ffi::OsStr;

/// File system types whose look-ups go over a network, or to a program that may stop.
const REMOTE: [&str; 17] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "fuse",
    "fuseblk",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "orangefs",
    "smb3",
    "smbfs",
    "virtiofs",
];

/// Whether a type is one of them. `fuse.sshfs` is one, and so is every type of FUSE.
pub(crate) fn is_remote(fs_type: &OsStr) -> bool {
    let name = fs_type.to_string_lossy();
    let base = name.split('.').next().unwrap_or_default();
    REMOTE.contains(&base)
}

/// Whether a type itself goes over a network. FUSE does not: its server is a program on this
/// machine.
pub(crate) fn is_network(fs_type: &OsStr) -> bool {
    let name = fs_type.to_string_lossy();
    let base = name.split('.').next().unwrap_or_default();
    is_remote(fs_type) && !matches!(base, "fuse" | "fuseblk" | "virtiofs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuse_with_a_subtype_is_remote_and_local_disks_are_not() {
        for name in ["nfs4", "fuse.sshfs", "fuse", "cifs"] {
            assert!(is_remote(name.as_ref()), "{name}");
        }
        for name in ["ext4", "tmpfs", "overlay", "fusectl", "nfsd"] {
            assert!(!is_remote(name.as_ref()), "{name}");
        }
    }
}

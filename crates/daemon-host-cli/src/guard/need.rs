//! Decides whether a file system may let the command wait.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::Path;

use daemon_host::mountscan::{Row, for_each_row};

/// How much of the mount table is read. A longer one costs more to read than a second process.
const HEAD: u64 = 64 << 10;

/// File systems that answer by themselves. One that is not known here may have a server.
const LOCAL: [&str; 49] = [
    "bcachefs",
    "bdev",
    "binder",
    "binfmt_misc",
    "bpf",
    "btrfs",
    "cgroup",
    "cgroup2",
    "configfs",
    "cramfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "ecryptfs",
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
    "nfsd",
    "nilfs2",
    "nsfs",
    "ntfs3",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "resctrl",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
    "vfat",
    "xfs",
    "zfs",
];

/// Arguments that lead to another mount namespace. Its mounts are not in the table of this one.
const ELSEWHERE: [&str; 3] = ["--pid", "--namespace", "--host-root"];

/// Whether a file system that the command may meet has a server, or may have one.
///
/// Without a procfs nothing can be told of a second process either, so then it is `false`.
pub(super) fn is_needed() -> bool {
    let leads_elsewhere = |arg: std::ffi::OsString| {
        let arg = arg.to_string_lossy();
        ELSEWHERE.iter().any(|flag| arg.starts_with(flag))
    };
    let Ok(table) = head() else {
        return false;
    };
    may_wait(&table) || std::env::args_os().any(leads_elsewhere) || is_fuse_elsewhere()
}

fn head() -> io::Result<Vec<u8>> {
    let mut table = Vec::new();
    let file = File::open("/proc/self/mountinfo")?;
    file.take(HEAD).read_to_end(&mut table)?;
    Ok(table)
}

/// Whether a table has a file system that may wait, or is too long to know.
fn may_wait(table: &[u8]) -> bool {
    let visit = |row: Result<Row<'_>, _>| match row {
        Ok(row) if LOCAL.iter().any(|name| row.has_fs_type(name)) => ControlFlow::Continue(()),
        Ok(row) if is_binfmt(&row) => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let waits = for_each_row(table, visit);
    table.len() as u64 >= HEAD || !matches!(waits, Ok(None))
}

/// Whether it is the place where systemd mounts binfmt_misc at the first look. Nearly every host
/// has it. Only who names a path below it would wait, and then for PID 1.
fn is_binfmt(row: &Row<'_>) -> bool {
    row.has_fs_type("autofs")
        && *row.source() == *"systemd-1"
        && row.mount_point() == Path::new("/proc/sys/fs/binfmt_misc")
        && row.super_options().has("direct")
}

/// Whether FUSE is in use anywhere. Several subcommands look into all mount namespaces.
fn is_fuse_elsewhere() -> bool {
    let connections = fs::read_dir("/sys/fs/fuse/connections");
    connections.is_ok_and(|mut all| all.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_file_systems_that_answer_by_themselves_need_no_second_process() {
        let row = |fs_type: &str| format!("1 0 0:1 / / rw - {fs_type} source rw\n");
        let table = |types: &[&str]| types.iter().map(|name| row(name)).collect::<String>();
        assert!(!may_wait(table(&["ext4", "proc", "overlay"]).as_bytes()));
        for name in ["fuse", "fuse.sshfs", "nfs4", "autofs", "never-heard-of"] {
            let table = table(&["ext4", name, "proc"]);
            assert!(may_wait(table.as_bytes()), "{name}");
        }
        assert!(may_wait(b"no row\n"));
        let long = row("ext4").repeat(3000);
        assert!(may_wait(&long.as_bytes()[..usize::try_from(HEAD).unwrap()]));
    }

    #[test]
    fn the_autofs_of_every_systemd_host_needs_no_second_process() {
        let row = |place: &str, source: &str, kind: &str| {
            format!("28 24 0:30 / {place} rw,relatime shared:8 - autofs {source} rw,fd=29,{kind}\n")
        };
        let binfmt = "/proc/sys/fs/binfmt_misc";
        assert!(!may_wait(row(binfmt, "systemd-1", "direct").as_bytes()));
        for other in [
            row("/home", "systemd-1", "direct"),
            row(binfmt, "/etc/auto.misc", "direct"),
            row(binfmt, "systemd-1", "indirect"),
            row("/proc/sys/fs/binfmt_misc/x", "systemd-1", "direct"),
        ] {
            assert!(may_wait(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn the_names_are_in_order_and_once() {
        assert!(LOCAL.is_sorted_by(|one, other| one < other));
    }
}

//! Writes the answer of statmount(2) as a row of mountinfo.
//!
//! The row equals the line of mountinfo byte by byte, so that both routes give the same answers.

use std::io::Write as _;

use crate::kernel::statmount::{
    Answer, FS_SUBTYPE, FS_TYPE, MNT_OPTS, MNT_ROOT, PROPAGATE_FROM, SB_SOURCE, at,
};
use crate::row::escape::escape_into;

// Bits of `mnt_attr`, `mnt_propagation` and `sb_flags` that mountinfo has words for.
const MOUNT_ATTR_RDONLY: u64 = 1;
const MOUNT_ATTR_NOSUID: u64 = 1 << 1;
const MOUNT_ATTR_NODEV: u64 = 1 << 2;
const MOUNT_ATTR_NOEXEC: u64 = 1 << 3;
/// The setting of access times is a number in these three bits: 0 is relatime, 1 noatime, 2
/// strictatime.
const MOUNT_ATTR_ATIME: u64 = 0x70;
const MOUNT_ATTR_NOATIME: u64 = 0x10;
const MOUNT_ATTR_NODIRATIME: u64 = 1 << 7;
const MOUNT_ATTR_IDMAP: u64 = 1 << 20;
const MOUNT_ATTR_NOSYMFOLLOW: u64 = 1 << 21;
const MS_UNBINDABLE: u64 = 1 << 17;
const MS_SLAVE: u64 = 1 << 19;
const MS_SHARED: u64 = 1 << 20;
const SB_RDONLY: u32 = 1;
const SB_SYNCHRONOUS: u32 = 1 << 4;
const SB_DIRSYNC: u32 = 1 << 7;
const SB_LAZYTIME: u32 = 1 << 25;

impl Answer<'_> {
    /// Appends the row without a newline. If mountinfo would have no row, it appends nothing and
    /// returns `false`.
    pub(crate) fn render(self, out: &mut Vec<u8>) -> bool {
        let Some(point) = self.mount_point() else {
            return false;
        };
        let (id, parent) = (self.half(at::MNT_ID_OLD), self.half(at::MNT_PARENT_ID_OLD));
        let (major, minor) = (self.half(at::SB_DEV_MAJOR), self.half(at::SB_DEV_MINOR));
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{id} {parent} {major}:{minor} ");
        escape_into(self.string(MNT_ROOT, at::MNT_ROOT), out);
        out.push(b' ');
        escape_into(point, out);
        out.push(b' ');
        self.render_mount_options(out);
        self.render_tags(out);
        out.extend_from_slice(b" - ");
        escape_with_hash(self.string(FS_TYPE, at::FS_TYPE), out);
        let subtype = self.string(FS_SUBTYPE, at::FS_SUBTYPE);
        // As in `fuse.sshfs`. The kernel gives the two parts separately.
        if !subtype.is_empty() {
            out.push(b'.');
            escape_with_hash(subtype, out);
        }
        out.push(b' ');
        escape_with_hash(self.string(SB_SOURCE, at::SB_SOURCE), out);
        out.push(b' ');
        self.render_super_options(out);
        true
    }

    fn render_mount_options(self, out: &mut Vec<u8>) {
        let attributes = self.word(at::MNT_ATTR);
        let has = |bit| attributes & bit != 0;
        // Strict access times were the default long ago, so the kernel prints no word for them.
        let access_time = attributes & MOUNT_ATTR_ATIME;
        out.extend_from_slice(if has(MOUNT_ATTR_RDONLY) { b"ro" } else { b"rw" });
        // In the order in which the kernel prints them.
        let words: [(bool, &[u8]); 8] = [
            (has(MOUNT_ATTR_NOSUID), b",nosuid"),
            (has(MOUNT_ATTR_NODEV), b",nodev"),
            (has(MOUNT_ATTR_NOEXEC), b",noexec"),
            (access_time == MOUNT_ATTR_NOATIME, b",noatime"),
            (has(MOUNT_ATTR_NODIRATIME), b",nodiratime"),
            (access_time == 0, b",relatime"),
            (has(MOUNT_ATTR_NOSYMFOLLOW), b",nosymfollow"),
            (has(MOUNT_ATTR_IDMAP), b",idmapped"),
        ];
        for (_, word) in words.iter().filter(|(set, _)| *set) {
            out.extend_from_slice(word);
        }
    }

    fn render_tags(self, out: &mut Vec<u8>) {
        let propagation = self.word(at::MNT_PROPAGATION);
        let (master, from) = (self.word(at::MNT_MASTER), self.word(at::PROPAGATE_FROM));
        if propagation & MS_SHARED != 0 {
            let _ = write!(out, " shared:{}", self.word(at::MNT_PEER_GROUP));
        }
        if propagation & MS_SLAVE != 0 {
            let _ = write!(out, " master:{master}");
            // The kernel prints it only if the master itself is outside the reader's root.
            if self.has(PROPAGATE_FROM) && from != 0 && from != master {
                let _ = write!(out, " propagate_from:{from}");
            }
        }
        if propagation & MS_UNBINDABLE != 0 {
            out.extend_from_slice(b" unbindable");
        }
    }

    fn render_super_options(self, out: &mut Vec<u8>) {
        let flags = self.half(at::SB_FLAGS);
        out.extend_from_slice(if flags & SB_RDONLY != 0 { b"ro" } else { b"rw" });
        for (bit, word) in [
            (SB_SYNCHRONOUS, &b",sync"[..]),
            (SB_DIRSYNC, b",dirsync"),
            (SB_LAZYTIME, b",lazytime"),
        ] {
            if flags & bit != 0 {
                out.extend_from_slice(word);
            }
        }
        // The kernel has escaped the options of file systems already.
        let options = self.string(MNT_OPTS, at::MNT_OPTS);
        if !options.is_empty() {
            out.push(b',');
            out.extend_from_slice(options);
        }
    }
}

/// In the type and the source, `#` is escaped, too.
fn escape_with_hash(field: &[u8], out: &mut Vec<u8>) {
    for (at, part) in field.split(|&byte| byte == b'#').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\\043");
        }
        escape_into(part, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::statmount::EVERYTHING;

    /// An answer as a kernel would lay it out.
    fn answer(
        words: &[(usize, u64)],
        halves: &[(usize, u32)],
        strings: &[(usize, &[u8])],
    ) -> Vec<u8> {
        let mut bytes = vec![0; at::STRINGS];
        for &(at, value) in words {
            bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        }
        for &(at, value) in halves {
            bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        for &(at, text) in strings {
            let offset = (bytes.len() - at::STRINGS) as u32;
            bytes[at..at + 4].copy_from_slice(&offset.to_ne_bytes());
            bytes.extend_from_slice(text);
            bytes.push(0);
        }
        bytes
    }

    #[test]
    fn renders_the_row_that_mountinfo_has() {
        let bytes = answer(
            &[
                (at::MASK, EVERYTHING),
                (
                    at::MNT_ATTR,
                    MOUNT_ATTR_RDONLY
                        | MOUNT_ATTR_NOSUID
                        | MOUNT_ATTR_NOEXEC
                        | MOUNT_ATTR_NODIRATIME,
                ),
                (at::MNT_PROPAGATION, MS_SHARED | MS_SLAVE),
                (at::MNT_PEER_GROUP, 4),
                (at::MNT_MASTER, 9),
                (at::PROPAGATE_FROM, 2),
            ],
            &[
                (at::MNT_ID_OLD, 61),
                (at::MNT_PARENT_ID_OLD, 42),
                (at::SB_DEV_MAJOR, 0),
                (at::SB_DEV_MINOR, 77),
                (at::SB_FLAGS, SB_SYNCHRONOUS),
            ],
            &[
                (at::MNT_ROOT, b"/r\n"),
                (at::MNT_POINT, b"/srv/a b\\"),
                (at::FS_TYPE, b"fuse"),
                (at::FS_SUBTYPE, b"sshfs"),
                (at::SB_SOURCE, b"h#s: x"),
                (at::MNT_OPTS, b"user_id=0"),
            ],
        );
        let mut row = Vec::new();
        assert!(Answer::new(&bytes).render(&mut row));
        assert_eq!(
            String::from_utf8(row).expect("plain"),
            "61 42 0:77 /r\\012 /srv/a\\040b\\134 ro,nosuid,noexec,nodiratime,relatime \
             shared:4 master:9 propagate_from:2 - fuse.sshfs h\\043s:\\040x rw,sync,user_id=0"
        );
    }

    #[test]
    fn no_row_for_a_mount_that_cannot_be_reached_and_no_panic_on_a_short_answer() {
        let bytes = answer(&[(at::MASK, EVERYTHING)], &[], &[(at::MNT_POINT, b"")]);
        assert!(!Answer::new(&bytes).render(&mut Vec::new()));
        let whole = answer(
            &[(at::MASK, EVERYTHING)],
            &[(at::FS_TYPE, 70_000)],
            &[(at::MNT_POINT, b"/x")],
        );
        for length in 0..whole.len() {
            Answer::new(&whole[..length]).render(&mut Vec::new());
        }
    }
}

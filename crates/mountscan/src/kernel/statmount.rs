//! The kernel's answer to statmount(2), and the mountinfo row it amounts to. Bytes in, row out.
//!
//! Row and text of mountinfo are the same to the byte, so that both routes give the same answers.

use std::io::Write as _;

use crate::row::escape::escape_into;

// Bits of the request and the answer, linux/mount.h.
pub(crate) const SB_BASIC: u64 = 1;
pub(crate) const MNT_BASIC: u64 = 1 << 1;
pub(crate) const PROPAGATE_FROM: u64 = 1 << 2;
pub(crate) const MNT_ROOT: u64 = 1 << 3;
pub(crate) const MNT_POINT: u64 = 1 << 4;
pub(crate) const FS_TYPE: u64 = 1 << 5;
pub(crate) const MNT_OPTS: u64 = 1 << 7;
pub(crate) const FS_SUBTYPE: u64 = 1 << 8;
pub(crate) const SB_SOURCE: u64 = 1 << 9;
pub(crate) const SUPPORTED_MASK: u64 = 1 << 12;

/// Where a mount is, what it is, but not from what and with which options.
pub(crate) const PLACES: u64 =
    SB_BASIC | MNT_BASIC | PROPAGATE_FROM | MNT_ROOT | MNT_POINT | FS_TYPE | FS_SUBTYPE;
/// Everything that mountinfo has.
pub(crate) const EVERYTHING: u64 = PLACES | MNT_OPTS | SB_SOURCE;

/// Size of the fixed part; the strings follow.
const FIXED: usize = 512;

/// A view of the kernel's `struct statmount`. Fields it was not asked for read as 0 or empty.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    bytes: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Answer<'a> {
        Answer { bytes }
    }

    /// Which of the asked fields were given.
    pub(crate) fn mask(self) -> u64 {
        self.word(8)
    }

    /// All bits that this kernel knows (Linux 6.15), else 0.
    pub(crate) fn supported_mask(self) -> u64 {
        if self.has(SUPPORTED_MASK) {
            self.word(144)
        } else {
            0
        }
    }

    /// The reused id of mountinfo.
    pub(crate) fn mount_id(self) -> u32 {
        self.half(56)
    }

    /// Where it is mounted, raw; `None` where no path from the root leads to it, as rows are then left out.
    pub(crate) fn mount_point(self) -> Option<&'a [u8]> {
        let point = self.string(MNT_POINT, 108);
        (!point.is_empty()).then_some(point)
    }

    /// Appends the row without a newline, or nothing (and `false`) where mountinfo would have no row.
    pub(crate) fn render(self, out: &mut Vec<u8>) -> bool {
        let Some(point) = self.mount_point() else {
            return false;
        };
        let (id, parent, major, minor) =
            (self.half(56), self.half(60), self.half(16), self.half(20));
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{id} {parent} {major}:{minor} ");
        escape_into(self.string(MNT_ROOT, 104), out);
        out.push(b' ');
        escape_into(point, out);
        out.push(b' ');
        self.render_mount_options(out);
        self.render_tags(out);
        out.extend_from_slice(b" - ");
        escape_with_hash(self.string(FS_TYPE, 36), out);
        let subtype = self.string(FS_SUBTYPE, 120);
        if !subtype.is_empty() {
            out.push(b'.');
            escape_with_hash(subtype, out);
        }
        out.push(b' ');
        escape_with_hash(self.string(SB_SOURCE, 124), out);
        out.push(b' ');
        self.render_super_options(out);
        true
    }

    fn render_mount_options(self, out: &mut Vec<u8>) {
        let attributes = self.word(64);
        out.extend_from_slice(if attributes & 1 != 0 { b"ro" } else { b"rw" });
        // The access time setting is a field of three bits, of which 0 means relatime. Order of mountinfo.
        let (noatime, relatime) = (attributes & 0x70 == 0x10, attributes & 0x70 == 0);
        let words: [(bool, &[u8]); 8] = [
            (attributes & 2 != 0, b",nosuid"),
            (attributes & 4 != 0, b",nodev"),
            (attributes & 8 != 0, b",noexec"),
            (noatime, b",noatime"),
            (attributes & 0x80 != 0, b",nodiratime"),
            (relatime, b",relatime"),
            (attributes & 0x20_0000 != 0, b",nosymfollow"),
            (attributes & 0x10_0000 != 0, b",idmapped"),
        ];
        for (_, word) in words.iter().filter(|(set, _)| *set) {
            out.extend_from_slice(word);
        }
    }

    fn render_tags(self, out: &mut Vec<u8>) {
        const MS_UNBINDABLE: u64 = 1 << 17;
        const MS_SLAVE: u64 = 1 << 19;
        const MS_SHARED: u64 = 1 << 20;
        let (propagation, master, from) = (self.word(72), self.word(88), self.word(96));
        if propagation & MS_SHARED != 0 {
            let _ = write!(out, " shared:{}", self.word(80));
        }
        if propagation & MS_SLAVE != 0 {
            let _ = write!(out, " master:{master}");
            if self.has(PROPAGATE_FROM) && from != 0 && from != master {
                let _ = write!(out, " propagate_from:{from}");
            }
        }
        if propagation & MS_UNBINDABLE != 0 {
            out.extend_from_slice(b" unbindable");
        }
    }

    fn render_super_options(self, out: &mut Vec<u8>) {
        let flags = self.half(32);
        out.extend_from_slice(if flags & 1 != 0 { b"ro" } else { b"rw" });
        for (bit, word) in [
            (1 << 4, &b",sync"[..]),
            (1 << 7, b",dirsync"),
            (1 << 25, b",lazytime"),
        ] {
            if flags & bit != 0 {
                out.extend_from_slice(word);
            }
        }
        let options = self.string(MNT_OPTS, 4);
        if !options.is_empty() {
            out.push(b',');
            out.extend_from_slice(options);
        }
    }

    pub(crate) fn has(self, bits: u64) -> bool {
        self.mask() & bits == bits
    }

    fn half(self, at: usize) -> u32 {
        fixed(self.bytes, at).map_or(0, u32::from_ne_bytes)
    }

    fn word(self, at: usize) -> u64 {
        fixed(self.bytes, at).map_or(0, u64::from_ne_bytes)
    }

    /// The string whose offset is at `at`, empty if its bit is not in the answer.
    fn string(self, bit: u64, at: usize) -> &'a [u8] {
        if !self.has(bit) {
            return b"";
        }
        let from = FIXED + self.half(at) as usize;
        let rest = self.bytes.get(from..).unwrap_or_default();
        &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
    }
}

/// The bytes of a number at a place in what the kernel has filled.
pub(crate) fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// Type and source have `#` escaped besides.
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

    /// An answer as a kernel would lay it out.
    fn answer(
        words: &[(usize, u64)],
        halves: &[(usize, u32)],
        strings: &[(usize, &[u8])],
    ) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        for &(at, value) in words {
            bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        }
        for &(at, value) in halves {
            bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        for &(at, text) in strings {
            let offset = (bytes.len() - FIXED) as u32;
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
                (8, EVERYTHING),
                (64, 1 | 2 | 8 | 0x80),
                (72, 1 << 20 | 1 << 19),
                (80, 4),
                (88, 9),
                (96, 2),
            ],
            &[(56, 61), (60, 42), (16, 0), (20, 77), (32, 1 << 4)],
            &[
                (104, b"/r\n"),
                (108, b"/srv/a b\\"),
                (36, b"fuse"),
                (120, b"sshfs"),
                (124, b"h#s: x"),
                (4, b"user_id=0"),
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
        let bytes = answer(&[(8, EVERYTHING)], &[], &[(108, b"")]);
        assert!(!Answer::new(&bytes).render(&mut Vec::new()));
        let whole = answer(&[(8, EVERYTHING)], &[(36, 70_000)], &[(108, b"/x")]);
        for length in 0..whole.len() {
            Answer::new(&whole[..length]).render(&mut Vec::new());
        }
    }
}

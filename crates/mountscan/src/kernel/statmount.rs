//! Reads the kernel's answer to statmount(2): which bytes hold which field. Pure.

use crate::id_maps::IdRange;

// Bits of the request and the answer, linux/mount.h.
pub(crate) const SB_BASIC: u64 = 1;
pub(crate) const MNT_BASIC: u64 = 1 << 1;
pub(crate) const PROPAGATE_FROM: u64 = 1 << 2;
pub(crate) const MNT_ROOT: u64 = 1 << 3;
pub(crate) const MNT_POINT: u64 = 1 << 4;
pub(crate) const FS_TYPE: u64 = 1 << 5;
pub(crate) const MNT_NS_ID: u64 = 1 << 6;
pub(crate) const MNT_OPTS: u64 = 1 << 7;
pub(crate) const FS_SUBTYPE: u64 = 1 << 8;
pub(crate) const SB_SOURCE: u64 = 1 << 9;
pub(crate) const SUPPORTED_MASK: u64 = 1 << 12;
pub(crate) const MNT_UIDMAP: u64 = 1 << 13;
pub(crate) const MNT_GIDMAP: u64 = 1 << 14;

/// Where a mount is and what it is, without its source and its options.
pub(crate) const PLACES: u64 =
    SB_BASIC | MNT_BASIC | PROPAGATE_FROM | MNT_ROOT | MNT_POINT | FS_TYPE | FS_SUBTYPE;
/// Everything that mountinfo has.
pub(crate) const EVERYTHING: u64 = PLACES | MNT_OPTS | SB_SOURCE;

/// The offsets of the fields of `struct statmount`, with the kernel's names (linux/mount.h). A text
/// field holds an offset into the strings that follow the fixed part.
pub(super) mod at {
    pub(crate) const MNT_OPTS: usize = 4;
    pub(crate) const MASK: usize = 8;
    pub(crate) const SB_DEV_MAJOR: usize = 16;
    pub(crate) const SB_DEV_MINOR: usize = 20;
    pub(crate) const SB_FLAGS: usize = 32;
    pub(crate) const FS_TYPE: usize = 36;
    pub(crate) const MNT_PARENT_ID: usize = 48;
    pub(crate) const MNT_ID_OLD: usize = 56;
    pub(crate) const MNT_PARENT_ID_OLD: usize = 60;
    pub(crate) const MNT_ATTR: usize = 64;
    pub(crate) const MNT_PROPAGATION: usize = 72;
    pub(crate) const MNT_PEER_GROUP: usize = 80;
    pub(crate) const MNT_MASTER: usize = 88;
    pub(crate) const PROPAGATE_FROM: usize = 96;
    pub(crate) const MNT_ROOT: usize = 104;
    pub(crate) const MNT_POINT: usize = 108;
    pub(crate) const FS_SUBTYPE: usize = 120;
    pub(crate) const SB_SOURCE: usize = 124;
    pub(crate) const SUPPORTED_MASK: usize = 144;
    pub(crate) const MNT_UIDMAP_NUM: usize = 152;
    pub(crate) const MNT_UIDMAP: usize = 156;
    pub(crate) const MNT_GIDMAP_NUM: usize = 160;
    pub(crate) const MNT_GIDMAP: usize = 164;
    /// The size of the fixed part, where the strings begin.
    pub(crate) const STRINGS: usize = 512;
}

/// A view of the kernel's `struct statmount`. A field that was not asked for reads as 0 or empty.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    bytes: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Answer { bytes }
    }

    /// The bits of the fields that the kernel gave.
    pub(crate) fn mask(self) -> u64 {
        self.word(at::MASK)
    }

    /// All bits that this kernel knows (Linux 6.15); 0 on an older kernel.
    pub(crate) fn supported_mask(self) -> u64 {
        // An older kernel leaves out a bit that it does not know, and the field is then not filled.
        if self.has(SUPPORTED_MASK) {
            self.word(at::SUPPORTED_MASK)
        } else {
            0
        }
    }

    /// The reused id of mountinfo.
    pub(crate) fn mount_id(self) -> u32 {
        self.half(at::MNT_ID_OLD)
    }

    /// The unique id of the mount on which it hangs. The first mount of a namespace hangs on
    /// itself.
    pub(crate) fn unique_parent_id(self) -> u64 {
        self.word(at::MNT_PARENT_ID)
    }

    /// The mount point, not decoded. `None` if no path leads to it from the root. Mountinfo has no
    /// row then.
    pub(crate) fn mount_point(self) -> Option<&'a [u8]> {
        // The kernel gives an empty text if the mount cannot be reached.
        let point = self.string(MNT_POINT, at::MNT_POINT);
        (!point.is_empty()).then_some(point)
    }

    /// The ranges of its id maps: users, then groups. `None` if the answer has no maps.
    pub(crate) fn id_maps(self) -> Option<(Vec<IdRange>, Vec<IdRange>)> {
        if !self.has(MNT_UIDMAP | MNT_GIDMAP) {
            return None;
        }
        let users = self.ranges(at::MNT_UIDMAP_NUM, at::MNT_UIDMAP)?;
        Some((users, self.ranges(at::MNT_GIDMAP_NUM, at::MNT_GIDMAP)?))
    }

    /// Reads as many strings as the field `count` says, from the offset that the field `field`
    /// holds.
    fn ranges(self, count: usize, field: usize) -> Option<Vec<IdRange>> {
        // The count says how many strings there are. The text after them belongs to other fields.
        let from = at::STRINGS + self.half(field) as usize;
        let strings = self.bytes.get(from..)?.split(|&byte| byte == 0);
        let mut ranges = Vec::new();
        for range in strings.take(self.half(count) as usize) {
            ranges.push(IdRange::parse(range)?);
        }
        Some(ranges)
    }

    pub(crate) fn has(self, bits: u64) -> bool {
        self.mask() & bits == bits
    }

    pub(super) fn half(self, at: usize) -> u32 {
        fixed(self.bytes, at).map_or(0, u32::from_ne_bytes)
    }

    pub(super) fn word(self, at: usize) -> u64 {
        fixed(self.bytes, at).map_or(0, u64::from_ne_bytes)
    }

    /// The string whose offset is at `field`; empty if its bit is not in the answer.
    pub(super) fn string(self, bit: u64, field: usize) -> &'a [u8] {
        // Without its bit, the offset is 0, where the text of another field begins.
        if !self.has(bit) {
            return b"";
        }
        let from = at::STRINGS + self.half(field) as usize;
        let rest = self.bytes.get(from..).unwrap_or_default();
        &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
    }
}

/// The bytes of a number at a place in the kernel's answer; `None` if it ends before.
pub(crate) fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

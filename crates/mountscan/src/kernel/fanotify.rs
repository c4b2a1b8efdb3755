//! Parses the records of fanotify's mount events: bytes become ids of mounts. Pure.

use crate::ids::UniqueMountId;
use crate::kernel::statmount::fixed;

/// Size of `struct fanotify_event_metadata`: length (4), version, reserved, own length (2), mask
/// (8), fd, pid.
const METADATA: usize = 24;
/// Type of `struct fanotify_event_info_mnt`: type, pad, length (2), pad to 8, mount id (8).
const INFO_TYPE_MNT: u8 = 7;
const ATTACH: u64 = 0x0100_0000;
const DETACH: u64 = 0x0200_0000;
const OVERFLOW: u64 = 0x4000;

/// Everything that one or more reads of events said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) attached: Vec<UniqueMountId>,
    pub(crate) detached: Vec<UniqueMountId>,
    /// Whether a mount was moved: attached and detached in one event.
    pub(crate) moved: bool,
    pub(crate) overflow: bool,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Batch::default()
    }
}

/// Adds the events of one read to `batch`. Unknown records are passed over.
pub(crate) fn parse(mut bytes: &[u8], batch: &mut Batch) {
    while let Some(length) = fixed(bytes, 0).map(|length| u32::from_ne_bytes(length) as usize) {
        // After a cut record, the beginning of the next one is not known.
        if length < METADATA || length > bytes.len() {
            return;
        }
        let (event, rest) = bytes.split_at(length);
        bytes = rest;
        let mask = fixed(event, 8).map_or(0, u64::from_ne_bytes);
        // The overflow record names no mount.
        batch.overflow |= mask & OVERFLOW != 0;
        let own = usize::from(fixed(event, 6).map_or(0, u16::from_ne_bytes));
        let Some(id) = mount_id(event.get(own..).unwrap_or_default()) else {
            continue;
        };
        // The kernel tells a move in one event with both bits. The mount keeps its id.
        batch.moved |= mask & (ATTACH | DETACH) == ATTACH | DETACH;
        if mask & ATTACH != 0 {
            batch.attached.push(id);
        }
        if mask & DETACH != 0 {
            batch.detached.push(id);
        }
    }
}

/// Finds the record that names the mount, among the records of one event.
fn mount_id(mut records: &[u8]) -> Option<UniqueMountId> {
    loop {
        let length = usize::from(u16::from_ne_bytes(fixed(records, 2)?));
        if records[0] == INFO_TYPE_MNT {
            return fixed(records, 8).map(|id| UniqueMountId(u64::from_ne_bytes(id)));
        }
        // A record shorter than its header would be read for ever.
        records = records.get(length.max(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(mask: u64, id: Option<u64>) -> Vec<u8> {
        let length = METADATA + id.map_or(0, |_| 16);
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&(length as u32).to_ne_bytes());
        bytes.extend_from_slice(&[3, 0]);
        bytes.extend_from_slice(&(METADATA as u16).to_ne_bytes());
        bytes.extend_from_slice(&mask.to_ne_bytes());
        bytes.extend_from_slice(&[0xff; 4]);
        bytes.extend_from_slice(&[0; 4]);
        if let Some(id) = id {
            bytes.extend_from_slice(&[INFO_TYPE_MNT, 0]);
            bytes.extend_from_slice(&16u16.to_ne_bytes());
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&id.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn reads_ids_moves_and_overflow() {
        let mut bytes = event(ATTACH, Some(5));
        bytes.extend(event(DETACH, Some(6)));
        let mut batch = Batch::default();
        parse(&bytes, &mut batch);
        assert_eq!(
            (batch.attached.as_slice(), batch.detached.as_slice()),
            (&[UniqueMountId(5)][..], &[UniqueMountId(6)][..])
        );
        assert!(!batch.moved && !batch.overflow);
        bytes = event(ATTACH | DETACH, Some(7));
        bytes.extend(event(OVERFLOW, None));
        parse(&bytes, &mut batch);
        assert!(batch.moved && batch.overflow);
    }

    #[test]
    fn cut_and_odd_records_end_quietly() {
        let whole = [event(ATTACH, Some(5)), event(OVERFLOW, None)].concat();
        for end in 0..whole.len() {
            parse(&whole[..end], &mut Batch::default());
        }
        parse(&[0; 64], &mut Batch::default());
        parse(&[0xff; 64], &mut Batch::default());
    }
}

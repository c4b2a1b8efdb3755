//! Netlink framing: messages in a datagram, attributes in a message. Bytes in, slices out.
//!
//! Numbers are in the host's byte order. Messages and attributes are padded to four bytes, see
//! `netlink(7)`.

use super::numbers::{NLA_TYPE_MASK, NLM_F_DUMP_INTR};

/// The reason why bytes are malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// One message: the header's fields and the payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) port: u32,
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// How many bytes it takes in its datagram; never 0.
    pub(crate) fn length(&self) -> usize {
        aligned(HEADER + self.payload.len())
    }

    /// The kernel says that the list changed while it was dumped.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }
}

/// The length of `struct nlmsghdr`: length, type, flags, sequence number, port.
pub(crate) const HEADER: usize = 16;

/// The messages of one datagram; ends after the first that is malformed.
#[derive(Debug, Clone)]
pub(crate) struct Frames<'a> {
    rest: &'a [u8],
}

pub(crate) fn frames(datagram: &[u8]) -> Frames<'_> {
    Frames { rest: datagram }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let frame = frame(self.rest);
        // After a malformed message nobody knows where the next one begins.
        let taken = frame.as_ref().map_or(usize::MAX, Frame::length);
        self.rest = self.rest.get(taken..).unwrap_or_default();
        Some(frame)
    }
}

fn frame(bytes: &[u8]) -> Result<Frame<'_>, Malformed> {
    let header = bytes
        .first_chunk::<HEADER>()
        .ok_or(Malformed("header cut short"))?;
    let length = u32_at(header, 0) as usize;
    let payload = bytes
        .get(HEADER..length)
        .ok_or(Malformed("message longer than its datagram"))?;
    Ok(Frame {
        kind: u16::from_ne_bytes([header[4], header[5]]),
        flags: u16::from_ne_bytes([header[6], header[7]]),
        sequence: u32_at(header, 8),
        port: u32_at(header, 12),
        payload,
    })
}

/// The attributes of a payload; ends after the first that is malformed.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a> {
    rest: &'a [u8],
}

/// Fewer than four bytes at the end are padding.
pub(crate) fn attributes(bytes: &[u8]) -> Attributes<'_> {
    Attributes { rest: bytes }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(u16, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = self.rest.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        // Kernels set the flag for nesting on some attributes and not on others.
        let kind = u16::from_ne_bytes([header[2], header[3]]) & NLA_TYPE_MASK;
        let Some(value) = self.rest.get(4..length) else {
            self.rest = &[];
            return Some(Err(Malformed("attribute longer than its message")));
        };
        self.rest = self.rest.get(aligned(length)..).unwrap_or_default();
        Some(Ok((kind, value)))
    }
}

/// The number that an attribute holds.
pub(crate) fn number(value: &[u8]) -> Result<u32, Malformed> {
    value
        .first_chunk()
        .map(|bytes| u32::from_ne_bytes(*bytes))
        .ok_or(Malformed("number cut short"))
}

/// The text that an attribute holds, without the NUL at its end.
pub(crate) fn until_nul(value: &[u8]) -> &[u8] {
    value.split(|&byte| byte == 0).next().unwrap_or_default()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(word)
}

pub(crate) fn aligned(length: usize) -> usize {
    (length + 3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_below_a_header_or_beyond_the_bytes_are_refused_and_end_the_walk() {
        for length in [0u32, 15, 17, u32::MAX] {
            let mut bytes = vec![0; 16];
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            let all: Vec<_> = frames(&bytes).collect();
            assert_eq!(all.len(), 1, "{length}");
            assert!(all[0].is_err(), "{length}");
        }
        for length in [0u16, 3, 9, u16::MAX] {
            let mut bytes = vec![0; 8];
            bytes[..2].copy_from_slice(&length.to_ne_bytes());
            let all: Vec<_> = attributes(&bytes).collect();
            assert_eq!((all.len(), all[0].is_err()), (1, true), "{length}");
        }
    }

    #[test]
    fn padding_is_passed_over() {
        let header = |length: u16, kind: u16| [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        let mut bytes = header(5, 0x8007);
        bytes.extend([b'x', 0, 0, 0]);
        bytes.extend(header(4, 8));
        bytes.extend([0; 2]);
        let all: Vec<_> = attributes(&bytes).map(|a| a.unwrap()).collect();
        assert_eq!(all, [(7, &b"x"[..]), (8, &[][..])]);
    }
}

//! Bytes in, lines out: where each line starts and which directive it holds.
//!
//! One pass that copies nothing and cannot fail. Values are read later, when asked for.

use crate::document::line::{LineKind, Span};
use crate::document::words::{content, fields};

/// Where each line starts and what it is.
pub(crate) fn spans(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::with_capacity(text.len() / 24 + 1);
    let mut start = 0;
    while start < text.len() {
        let end = newline(text, start).map_or(text.len(), |at| at + 1);
        let kind = classify(content(&text[start..end], start == 0));
        spans.push(Span { start, kind });
        start = end;
    }
    spans
}

fn classify(line: &[u8]) -> LineKind {
    match line.first() {
        None => return LineKind::Blank,
        Some(b'#' | b';') => return LineKind::Comment,
        Some(_) => {}
    }
    match fields(line).next() {
        None => LineKind::Blank,
        Some(b"nameserver") => LineKind::Nameserver,
        Some(b"search") => LineKind::Search,
        Some(b"domain") => LineKind::Domain,
        Some(b"options") => LineKind::Options,
        Some(b"sortlist") => LineKind::Sortlist,
        Some([b'#' | b';', ..]) => LineKind::IndentedComment,
        Some(_) => LineKind::Other,
    }
}

/// The position of the next line feed, eight bytes at a time.
fn newline(text: &[u8], from: usize) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const FEEDS: u64 = u64::from_ne_bytes([b'\n'; 8]);
    let mut chunks = text[from..].chunks_exact(8);
    let mut at = from;
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        // A byte that equals the line feed becomes zero; the borrow marks the lowest zero byte.
        let zeros = u64::from_le_bytes(word) ^ FEEDS;
        let marks = zeros.wrapping_sub(LOW) & !zeros & HIGH;
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = chunks.remainder().iter().position(|&b| b == b'\n');
    rest.map(|offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_at_every_offset() {
        for length in 0..40 {
            for at in 0..length {
                let mut text = vec![0x8a; length];
                text[at] = b'\n';
                text.push(b'\n');
                assert_eq!(newline(&text, 0), Some(at));
                assert_eq!(newline(&text, at + 1), Some(length));
            }
            assert_eq!(newline(&vec![b'\x0b'; length], 0), None);
        }
    }
}

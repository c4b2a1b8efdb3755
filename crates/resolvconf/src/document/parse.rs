//! Finds where each line starts, and which directive it holds.
//!
//! This is one pass that copies nothing and cannot fail. Values are read later, on request.

use crate::document::line::{LineKind, Span};
use crate::document::words::{content, fields};

/// Where each line starts, and its kind.
pub(crate) fn spans(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::with_capacity(count_feeds(text) + 1);
    let mut start = 0;
    each_feed(text, |feed| {
        let kind = classify(content(&text[start..=feed], start == 0));
        spans.push(Span::new(start, kind));
        start = feed + 1;
    });
    if start < text.len() {
        let kind = classify(content(&text[start..], start == 0));
        spans.push(Span::new(start, kind));
    }
    spans
}

fn classify(line: &[u8]) -> LineKind {
    let Some(first) = line.first() else {
        return LineKind::Blank;
    };
    match first {
        b'#' | b';' => return LineKind::Comment,
        // No directive begins with one of these bytes, and none of them is white space.
        b'!'..=b'c' | b'e'..=b'm' | b'p'..=b'r' | b't'..=b'~' => return LineKind::Other,
        _ => {}
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

const LOW_BITS: u64 = u64::from_ne_bytes([0x7f; 8]);
const FEEDS: u64 = u64::from_ne_bytes([b'\n'; 8]);

/// Sets the high bit for each of eight bytes that is a line feed. The first byte is the lowest.
fn feeds(chunk: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(chunk);
    // A byte that equals the line feed becomes zero. Adding to the low bits of any other byte
    // carries into its high bit, and never into the next byte.
    let zeros = u64::from_le_bytes(word) ^ FEEDS;
    !(((zeros & LOW_BITS) + LOW_BITS) | zeros | LOW_BITS)
}

fn count_feeds(text: &[u8]) -> usize {
    let chunks = text.chunks_exact(8);
    let rest = chunks.remainder().iter().filter(|b| **b == b'\n').count();
    let counted: u32 = chunks.map(|chunk| feeds(chunk).count_ones()).sum();
    counted as usize + rest
}

/// Calls `take` with the place of each line feed, eight bytes at a time.
fn each_feed(text: &[u8], mut take: impl FnMut(usize)) {
    let chunks = text.chunks_exact(8);
    let rest = chunks.remainder();
    for (number, chunk) in chunks.enumerate() {
        let mut marks = feeds(chunk);
        while marks != 0 {
            take(8 * number + (marks.trailing_zeros() / 8) as usize);
            marks &= marks - 1;
        }
    }
    for (offset, byte) in rest.iter().enumerate() {
        if *byte == b'\n' {
            take(text.len() - rest.len() + offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_at_every_place_among_every_byte() {
        for other in 0..=u8::MAX {
            for at in 0..24 {
                let mut text = vec![other; 21];
                text.insert(at.min(21), b'\n');
                text.extend(b"\n\nx");
                let expected: Vec<usize> = (0..text.len()).filter(|i| text[*i] == b'\n').collect();
                let mut found = Vec::new();
                each_feed(&text, |feed| found.push(feed));
                assert_eq!(found, expected, "{other} {at}");
                assert_eq!(count_feeds(&text), expected.len());
            }
        }
    }

    #[test]
    fn first_bytes_tell_what_words_tell() {
        for first in 0..=u8::MAX {
            let line = [first, b'x', b' ', b'y'];
            let expected = match fields(&line).next() {
                Some([b'#' | b';', ..]) => LineKind::Comment,
                Some(_) => LineKind::Other,
                None => LineKind::Blank,
            };
            assert_eq!(classify(&line), expected, "{first}");
        }
    }
}

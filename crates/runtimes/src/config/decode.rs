//! Decodes the bytes of a text file as UTF-8. Any editor may have written them.

use std::borrow::Cow;

/// Returns the text without its byte order mark. `None` means broken UTF-16.
///
/// A byte order mark is accepted, and with one also UTF-16, as Windows editors write it.
pub(super) fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    match text {
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(rest.into()),
        [0xff, 0xfe, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        _ => Some(text.into()),
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, [u8]>> {
    let pairs = bytes.chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    // Two bytes become three at most. So the text never grows, and is copied once.
    let mut text = String::with_capacity(bytes.len() / 2 * 3);
    for letter in char::decode_utf16(units) {
        text.push(letter.ok()?);
    }
    is_whole.then(|| text.into_bytes().into())
}

//! Decodes and writes octal escapes, the kernel's form of blanks inside a field. Pure.
//!
//! The kernel prints space, tab, newline and backslash as `\` and three octal digits. It does so in
//! the root, the mount point, the type and the source. In the type and the source it also escapes
//! `#`, since about 5.11. All other bytes are raw. Decoding takes any `\000` to `\377`. A backslash
//! that does not begin such an escape stays text.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use memchr::memchr;

/// Decodes the octal escapes of a mountinfo field; borrows when there is none.
///
/// `\` followed by three octal digits from `000` to `377` becomes that byte. Any other backslash
/// stays as it is, so decoding never fails. The result may be any bytes, even if they are not
/// UTF-8.
///
/// # Examples
///
/// ```
/// assert_eq!(&*mountscan::unescape(br"/a\040b"), b"/a b");
/// assert_eq!(&*mountscan::unescape(br"/a\134040b"), br"/a\040b"); // decoded once, not twice
/// assert_eq!(&*mountscan::unescape(br"/a\400\9"), br"/a\400\9"); // no such bytes: text
/// ```
pub fn unescape(field: &[u8]) -> Cow<'_, [u8]> {
    match memchr(b'\\', field) {
        None => Cow::Borrowed(field),
        Some(_) => {
            let mut out = Vec::with_capacity(field.len());
            unescape_into(field, &mut out);
            Cow::Owned(out)
        }
    }
}

/// Writes a field as the kernel does: space, tab, newline and backslash become octal escapes.
///
/// This is the kernel's form for roots and mount points. On newer kernels `#` in the source is
/// escaped, too. [`unescape`] decodes both.
///
/// # Examples
///
/// ```
/// assert_eq!(&*mountscan::escape(b"/a b"), br"/a\040b");
/// ```
pub fn escape(field: &[u8]) -> Cow<'_, [u8]> {
    if !field.iter().copied().any(must_escape) {
        return Cow::Borrowed(field);
    }
    let mut out = Vec::with_capacity(field.len() + 12);
    escape_into(field, &mut out);
    Cow::Owned(out)
}

pub(crate) fn escape_into(field: &[u8], out: &mut Vec<u8>) {
    for &byte in field {
        if must_escape(byte) {
            out.extend_from_slice(&[
                b'\\',
                b'0' + (byte >> 6),
                b'0' + (byte >> 3 & 7),
                b'0' + (byte & 7),
            ]);
        } else {
            out.push(byte);
        }
    }
}

pub(crate) fn unescape_into(field: &[u8], out: &mut Vec<u8>) {
    let mut rest = field;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        match octal(&rest[at + 1..]) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[at + 4..];
            }
            None => {
                out.push(b'\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.extend_from_slice(rest);
}

/// The decoded field as text of the system.
pub(crate) fn os_str(field: &[u8]) -> Cow<'_, OsStr> {
    match unescape(field) {
        Cow::Borrowed(bytes) => Cow::Borrowed(OsStr::from_bytes(bytes)),
        Cow::Owned(bytes) => Cow::Owned(OsStringExt::from_vec(bytes)),
    }
}

/// The decoded field as a path.
pub(crate) fn path(field: &[u8]) -> Cow<'_, Path> {
    match os_str(field) {
        Cow::Borrowed(text) => Cow::Borrowed(Path::new(text)),
        Cow::Owned(text) => Cow::Owned(text.into()),
    }
}

fn must_escape(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\\')
}

fn octal(digits: &[u8]) -> Option<u8> {
    match *digits {
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            Some((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &[u8], want: &[u8]) {
        assert_eq!(&*unescape(field), want);
    }

    #[test]
    fn decodes_every_byte_value() {
        for byte in 0..=255u8 {
            check(format!("x\\{byte:03o}y").as_bytes(), &[b'x', byte, b'y']);
        }
    }

    #[test]
    fn leaves_ill_formed_escapes_as_text() {
        for field in [
            "\\", "\\\\", "a\\", "\\0", "\\04", "\\400", "\\777", "\\189", "\\x41", "\\ 40",
        ] {
            check(field.as_bytes(), field.as_bytes());
        }
        check(br"\\040", b"\\ ");
    }

    #[test]
    fn escapes_what_the_kernel_escapes() {
        assert_eq!(
            &*escape(b"a b\tc\nd\\e#f\r"),
            b"a\\040b\\011c\\012d\\134e#f\r"
        );
        assert!(matches!(escape(b"/plain"), Cow::Borrowed(_)));
    }
}

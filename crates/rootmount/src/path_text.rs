//! Paths as text that is safe to print and to write down.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The path in printable ASCII. Other bytes, blanks and backslashes are written as `\ooo`.
/// [`unescape`] gives back every byte.
pub(crate) fn escape(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    for &b in path.as_os_str().as_bytes() {
        if b.is_ascii_graphic() && b != b'\\' {
            text.push(char::from(b));
        } else {
            text.push_str(&format!("\\{b:03o}"));
        }
    }
    text
}

/// The inverse of [`escape`]; `None` if an escape is malformed.
pub(crate) fn unescape(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        if b != b'\\' {
            bytes.push(b);
            rest = tail;
            continue;
        }
        let digits = tail
            .get(..3)
            .filter(|d| d.iter().all(|b| (b'0'..=b'7').contains(b)))?;
        let value = digits.iter().fold(0u32, |v, d| v * 8 + u32::from(d - b'0'));
        bytes.push(u8::try_from(value).ok()?);
        rest = &tail[3..];
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

/// So many digits of an id are shown to a person, as by `docker ps`.
const SHOWN: usize = 12;
/// The length of the ids of containers and layers.
const FULL: usize = 64;

/// The text with every full id shortened to its first twelve digits and `…`.
///
/// A full id is a run of exactly 64 hexadecimal digits. Whole paths fit a terminal then. A program
/// needs the full ids, so this is for text that a person reads.
pub fn short_ids(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_digit = |c: char| c.is_ascii_hexdigit();
        let end = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(end);
        if digits.len() == FULL {
            short.push_str(&digits[..SHOWN]);
            short.push('…');
        } else {
            short.push_str(digits);
        }
        let end = tail.find(is_digit).unwrap_or(tail.len());
        let (other, tail) = tail.split_at(end);
        short.push_str(other);
        rest = tail;
    }
    short
}

/// The path for a person. Readable text stays, also outside ASCII. Control characters are
/// escaped, because they could upset a terminal.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || c == '\\' {
                c.encode_utf8(&mut [0; 4])
                    .bytes()
                    .for_each(|b| text.push_str(&format!("\\{b:03o}")));
            } else {
                text.push(c);
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|b| text.push_str(&format!("\\{b:03o}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (1..=255).collect();
        let path = Path::new(OsStr::from_bytes(&all));
        assert_eq!(unescape(&escape(path)).as_deref(), Some(path));
        assert_eq!(escape(Path::new("/a b\\c")), "/a\\040b\\134c");
    }

    #[test]
    fn full_ids_are_short_for_people_and_nothing_else_is() {
        let id = "0123456789abcdef".repeat(4);
        let text = format!("/r/overlay2/{id}-init/merged é {id}: x{id}");
        let want = "/r/overlay2/0123456789ab…-init/merged é 0123456789ab…: x0123456789ab…";
        assert_eq!(short_ids(&text), want);
        for same in ["", "é", &format!("{id}0"), &id[1..], "/a b/c"] {
            assert_eq!(short_ids(same), same);
        }
    }

    #[test]
    fn malformed_escapes_are_refused() {
        for bad in ["\\", "\\04", "\\0x0", "\\400", "\\999"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
    }

    #[test]
    fn text_for_people_cannot_move_the_cursor() {
        assert_eq!(shown(Path::new("/daté/\u{1b}[2J\n")), "/daté/\\033[2J\\012");
        assert_eq!(shown(Path::new(OsStr::from_bytes(b"/\xff"))), "/\\377");
    }
}

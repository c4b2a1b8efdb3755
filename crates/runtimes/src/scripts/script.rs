//! The text of a wrapper script, and the file name that follows from it. This file is pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};

/// The interpreter named in every script's first line.
pub const SHELL: &str = "/bin/sh";

/// Bytes of the runtime's name that its script's file name keeps.
const MAX_NAME: usize = 100;

/// Digits of the digest in a file name.
const DIGEST_LEN: usize = 64;

/// A script that runs one program with fixed arguments before the caller's.
///
/// The program takes the script's place: pid, signals, parent-death signal and exit
/// status are its own, and every word arrives byte for byte.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// let script = runtimes::Script::new("odd", Path::new("/opt/my rt"), &["it's".into()])?;
/// assert_eq!(script.text(), b"#!/bin/sh\nexec '/opt/my rt' 'it'\\''s' \"$@\"\n");
/// assert!(script.file_name().starts_with("odd."));
/// # Ok::<(), runtimes::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    file_name: String,
    text: Vec<u8>,
}

impl Script {
    /// Makes the script for a runtime of this name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NulByte`] if the path or an argument holds a NUL.
    pub fn new(runtime: &str, path: &Path, args: &[OsString]) -> Result<Self, Error> {
        let words = args.iter().map(OsString::as_os_str);
        let mut words = std::iter::once(path.as_os_str()).chain(words);
        match words.find(|word| word.as_bytes().contains(&0)) {
            Some(word) => {
                let what = format!("NUL byte in {:?}", word.to_string_lossy());
                Err(Error::new(ErrorKind::NulByte, what))
            }
            None => Ok(Self::of_checked(runtime, path, args)),
        }
    }

    /// As [`new`](Self::new), for words that are known to hold no NUL.
    pub(crate) fn of_checked(runtime: &str, path: &Path, args: &[OsString]) -> Self {
        let text = render(path, args);
        let file_name = file_name(runtime, &text);
        Self { file_name, text }
    }

    /// The file's name: the runtime's name made safe, a dot, the SHA-256 of the text.
    ///
    /// At most 165 bytes, only ASCII letters, digits and `.-_`, and no dot in front.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The file's whole contents.
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

/// Whether a file name has the form of a script's: safe characters, a dot, 64 hex digits.
pub fn is_script_name(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let Some(split) = name.len().checked_sub(DIGEST_LEN + 1) else {
        return false;
    };
    let (stem, digest) = name.split_at(split);
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    !stem.is_empty()
        && stem[0] != b'.'
        && stem.iter().all(|byte| is_safe(*byte))
        && digest[0] == b'.'
        && digest[1..].iter().all(hex)
}

/// Whether a byte stands for itself in a script's file name.
pub(crate) fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

fn render(path: &Path, args: &[OsString]) -> Vec<u8> {
    let path = path.as_os_str().as_bytes();
    let length: usize = args.iter().map(|arg| arg.len() + 3).sum();
    let mut text = Vec::with_capacity(length + path.len() + 32);
    text.extend_from_slice(b"#!/bin/sh\nexec ");
    quote(path, &mut text);
    for arg in args {
        text.push(b' ');
        quote(arg.as_bytes(), &mut text);
    }
    text.extend_from_slice(b" \"$@\"\n");
    text
}

/// Writes one word in single quotes. Inside them only the quote itself is special.
fn quote(word: &[u8], text: &mut Vec<u8>) {
    text.push(b'\'');
    for (place, part) in word.split(|byte| *byte == b'\'').enumerate() {
        if place > 0 {
            text.extend_from_slice(b"'\\''");
        }
        text.extend_from_slice(part);
    }
    text.push(b'\'');
}

fn file_name(runtime: &str, text: &[u8]) -> String {
    let safe = |byte: u8| if is_safe(byte) { char::from(byte) } else { '_' };
    let mut name: String = runtime.bytes().take(MAX_NAME).map(safe).collect();
    if name.is_empty() {
        name.push('_');
    } else if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    name.push('.');
    name.reserve(DIGEST_LEN);
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    for byte in Sha256::digest(text) {
        name.push(digit(byte >> 4));
        name.push(digit(byte & 0xf));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn text(path: &str, args: &[&str]) -> String {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        String::from_utf8(render(Path::new(path), &args)).unwrap()
    }

    #[test]
    fn quotes_every_word() {
        assert_eq!(text("/b", &[]), "#!/bin/sh\nexec '/b' \"$@\"\n");
        assert_eq!(
            text("/b", &["", "'"]),
            "#!/bin/sh\nexec '/b' '' ''\\''' \"$@\"\n"
        );
        assert_eq!(
            text("b", &["a b\n"]),
            "#!/bin/sh\nexec 'b' 'a b\n' \"$@\"\n"
        );
        assert_ne!(text("/b a", &["b"]), text("/b", &["a b"]));
    }

    #[test]
    fn refuses_nul() {
        let error = Script::new("x", Path::new("/b"), &["a\0b".into()]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NulByte);
    }

    #[test]
    fn file_names_are_safe_and_recognised() {
        for name in [
            "runc",
            "",
            ".",
            "..",
            "a/b",
            "/etc/passwd",
            "\n",
            "é",
            &"x".repeat(300),
        ] {
            let name = file_name(name, b"text");
            assert!(name.len() <= 165 && !name.contains('/'), "{name}");
            assert!(is_script_name(OsStr::new(&name)), "{name}");
        }
        assert!(!is_script_name(OsStr::new(".lock")));
        assert!(!is_script_name(OsStr::new(&"a".repeat(64))));
        assert!(!is_script_name(OsStr::new(&format!(
            ".x.{}",
            "a".repeat(64)
        ))));
        let sha = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
        assert_eq!(file_name("a", b"text"), format!("a.{sha}"));
    }
}

//! moby's hash file: the digest of what moby last wrote. It is for files that have no record of
//! ours yet.
//!
//! Without the feature `moby` a digest cannot be checked. That is an error and not a "no": with a
//! "no", an edit that moby kept would be written over.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::files;
use crate::write::options::{FileStatus, WriteOptions};

/// The most bytes that are read. A hash file has 71; a larger file is not one.
const LIMIT: u64 = 4096;

/// What moby's hash file says about a content.
pub(crate) fn status(hash: &Path, content: &[u8]) -> Result<FileStatus, Error> {
    let Some(bytes) = files::read(hash, LIMIT)? else {
        return Ok(FileStatus::Unrecorded);
    };
    match matches(&bytes, content) {
        Some(true) => Ok(FileStatus::Ours),
        Some(false) => Ok(FileStatus::Edited),
        None => Err(Error::about(ErrorKind::InvalidState, "read", hash, WHY)),
    }
}

/// Where the hash file is; `None` if it is not set and there is no path for the default.
pub(crate) fn path_of(options: &WriteOptions, beside: Option<&Path>) -> Option<PathBuf> {
    let default = || Some(super::options::with_suffix(beside?, ".hash"));
    options.moby_hash.clone().or_else(default)
}

#[cfg(feature = "moby")]
const WHY: &str = "not a digest of the form sha256:<64 hex>";
#[cfg(not(feature = "moby"))]
const WHY: &str = "moby's digest is not checked without the feature moby";

/// Whether a content has the digest in moby's `<path>.hash`; `None` when that file has no digest.
///
/// The form is `sha256:` and 64 lower-case hexadecimal digits, with nothing after them.
#[cfg(feature = "moby")]
fn matches(hash: &[u8], content: &[u8]) -> Option<bool> {
    use sha2::{Digest as _, Sha256};

    let digits = hash.strip_prefix(b"sha256:")?;
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 64 || !digits.iter().all(is_digit) {
        return None;
    }
    let mut hex = Vec::with_capacity(64);
    for byte in Sha256::digest(content) {
        hex.extend([byte >> 4, byte & 15].map(|nibble| b"0123456789abcdef"[usize::from(nibble)]));
    }
    Some(hex == digits)
}

#[cfg(not(feature = "moby"))]
fn matches(_hash: &[u8], _content: &[u8]) -> Option<bool> {
    None
}

#[cfg(all(test, feature = "moby"))]
mod tests {
    use super::*;

    #[test]
    fn mobys_hash() {
        let hash = b"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(matches(hash, b"abc"), Some(true));
        assert_eq!(matches(hash, b"abd"), Some(false));
        assert_eq!(matches(&[&hash[..], b"\n"].concat(), b"abc"), None);
        assert_eq!(matches(b"not a digest", b"abc"), None);
        assert_eq!(matches(&hash.to_ascii_uppercase(), b"abc"), None);
    }
}

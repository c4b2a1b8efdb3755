//! Writes bytes in JSON: as text, and also in hexadecimal if they are not UTF-8.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::hex::hex;

/// One member of an object whose value is text from the kernel or the disk. Flatten it into the
/// object. It becomes `member`, and also `member_hex` if the text is not UTF-8.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'b> {
    member: &'static str,
    bytes: &'b OsStr,
}

impl<'b> Bytes<'b> {
    /// The member with this text.
    pub(crate) fn text(member: &'static str, bytes: &'b OsStr) -> Self {
        Self { member, bytes }
    }

    /// The member with this path.
    pub(crate) fn path(member: &'static str, path: &'b Path) -> Self {
        Self::text(member, path.as_os_str())
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.member, &self.bytes.to_string_lossy())?;
        if let Some(hex) = hex_if_needed(self.bytes) {
            map.serialize_entry(&format!("{}_hex", self.member), &hex)?;
        }
        map.end()
    }
}

/// The bytes in hexadecimal, if the lossy text would lose some.
fn hex_if_needed(bytes: &OsStr) -> Option<String> {
    bytes.to_str().is_none().then(|| hex(bytes))
}

/// The whole list in hexadecimal, if the lossy text of one element would lose bytes.
pub(crate) fn hex_list_if_needed(list: &[OsString]) -> Option<Vec<String>> {
    let needed = list.iter().any(|bytes| bytes.to_str().is_none());
    needed.then(|| list.iter().map(|bytes| hex(bytes)).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use serde_json::to_string;

    use super::*;

    #[test]
    fn the_sibling_stands_only_where_it_is_needed() {
        assert_eq!(
            to_string(&Bytes::path("a", Path::new("/é"))).unwrap(),
            "{\"a\":\"/é\"}"
        );
        let odd = OsStr::from_bytes(b"/\xff");
        assert_eq!(
            to_string(&Bytes::text("b", odd)).unwrap(),
            "{\"b\":\"/\u{fffd}\",\"b_hex\":\"2fff\"}"
        );
    }

    #[test]
    fn one_odd_name_gives_the_whole_list_in_hexadecimal() {
        let plain = OsString::from("a");
        let odd = OsStr::from_bytes(b"\xfe").to_owned();
        assert_eq!(hex_list_if_needed(std::slice::from_ref(&plain)), None);
        let list = hex_list_if_needed(&[plain, odd]).unwrap();
        assert_eq!(list, ["61", "fe"]);
    }
}

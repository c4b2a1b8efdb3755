//! Writes bytes in hexadecimal, also in values that are built member by member.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Map, Value};

/// Two digits for each byte.
pub(super) fn hex(bytes: &OsStr) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes.as_bytes() {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
    }
    hex
}

/// Puts `bytes` into `map` under `field`. If they are not UTF-8, a sibling `<field>_hex` has them
/// exactly.
pub(crate) fn text_fields(map: &mut Map<String, Value>, field: &str, bytes: &OsStr) {
    map.insert(field.to_owned(), Value::from(bytes.to_string_lossy()));
    if bytes.to_str().is_none() {
        map.insert(format!("{field}_hex"), Value::from(hex(bytes)));
    }
}

/// [`text_fields`] for a path.
pub(crate) fn path_fields(map: &mut Map<String, Value>, field: &str, path: &Path) {
    text_fields(map, field, path.as_os_str());
}

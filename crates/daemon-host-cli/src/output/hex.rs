//! Bytes in JSON: lossy text, and the exact bytes in hex beside it when needed.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Map, Value};

/// Puts `bytes` into `map` under `field`; where they are not UTF-8, a sibling
/// `<field>_hex` holds them exactly.
pub(crate) fn text_fields(map: &mut Map<String, Value>, field: &str, bytes: &OsStr) {
    map.insert(field.to_owned(), Value::from(bytes.to_string_lossy()));
    if bytes.to_str().is_none() {
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes.as_bytes() {
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        }
        map.insert(format!("{field}_hex"), Value::from(hex));
    }
}

/// [`text_fields`] for a path.
pub(crate) fn path_fields(map: &mut Map<String, Value>, field: &str, path: &Path) {
    text_fields(map, field, path.as_os_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sibling_stands_only_where_it_is_needed() {
        let mut map = Map::new();
        path_fields(&mut map, "a", Path::new("/é"));
        text_fields(&mut map, "b", OsStr::from_bytes(b"/\xff"));
        assert_eq!(
            Value::from(map).to_string(),
            "{\"a\":\"/é\",\"b\":\"/\u{fffd}\",\"b_hex\":\"2fff\"}"
        );
    }
}

//! Writes text of a resolv.conf file, which may be any bytes, into JSON objects.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use daemon_host::resolvconf::{Nameserver, Text};
use serde_json::{Map, Value};

use crate::output::{hex_list_if_needed, text_fields};

/// The text as `member`. If it is not UTF-8, its bytes are there as `member_hex`.
pub(super) fn text(map: &mut Map<String, Value>, member: &str, bytes: &[u8]) {
    text_fields(map, member, OsStr::from_bytes(bytes));
}

/// The list as `member`. If one text is not UTF-8, all its bytes are there as `member_hex`.
pub(super) fn texts(map: &mut Map<String, Value>, member: &str, list: &[Text]) {
    let list = list.iter().map(|text| text.as_bytes().to_vec()).collect();
    lists(map, member, list);
}

/// The servers. A zone may be any bytes.
pub(super) fn servers(map: &mut Map<String, Value>, member: &str, list: &[Nameserver]) {
    lists(map, member, list.iter().map(Nameserver::to_bytes).collect());
}

fn lists(map: &mut Map<String, Value>, member: &str, list: Vec<Vec<u8>>) {
    use std::os::unix::ffi::OsStringExt as _;

    let list: Vec<OsString> = list.into_iter().map(OsString::from_vec).collect();
    let shown: Vec<_> = list.iter().map(|text| text.to_string_lossy()).collect();
    map.insert(member.to_owned(), shown.into());
    if let Some(hex) = hex_list_if_needed(&list) {
        map.insert(format!("{member}_hex"), hex.into());
    }
}

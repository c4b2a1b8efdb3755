//! The shapes that machines read. Durations are in whole seconds, `null` is for ever.
//!
//! Text that is not UTF-8 is given lossily, with its exact bytes in hexadecimal in a sibling
//! member `…_hex`. The sibling of a list of texts is a list of the same length.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::address::Address;
use super::link::{Link, LinkAddrs};
use super::prefix::Prefix;
use super::words::write_addr;

/// An address in the same form as in a [`Prefix`].
struct Shown(IpAddr);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_addr(f, self.0)
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn hex(text: &OsStr) -> String {
    let mut digits = String::with_capacity(2 * text.len());
    for byte in text.as_bytes() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// A text. Its bytes follow in a sibling member if the text does not hold them exactly.
fn text<O: SerializeStruct>(
    object: &mut O,
    [member, in_hex]: [&'static str; 2],
    value: Option<&OsStr>,
) -> Result<(), O::Error> {
    object.serialize_field(member, &value.map(OsStr::to_string_lossy))?;
    match value {
        Some(bytes) if bytes.to_str().is_none() => object.serialize_field(in_hex, &hex(bytes)),
        _ => object.skip_field(in_hex),
    }
}

fn altnames<O: SerializeStruct>(object: &mut O, names: &[OsString]) -> Result<(), O::Error> {
    let texts: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    object.serialize_field("altnames", &texts)?;
    if names.iter().all(|name| name.to_str().is_some()) {
        return object.skip_field("altnames_hex");
    }
    let bytes: Vec<_> = names.iter().map(|name| hex(name)).collect();
    object.serialize_field("altnames_hex", &bytes)
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Address", 12)?;
        object.serialize_field("address", &Shown(self.address))?;
        object.serialize_field("prefix_len", &self.prefix_len)?;
        object.serialize_field("peer", &self.peer)?;
        object.serialize_field("broadcast", &self.broadcast)?;
        text(&mut object, ["label", "label_hex"], self.label.as_deref())?;
        object.serialize_field("scope", &self.scope.to_string())?;
        object.serialize_field("flags", &self.flag_names().collect::<Vec<_>>())?;
        object.serialize_field("valid_for", &self.valid_for.map(|time| time.as_secs()))?;
        object.serialize_field(
            "preferred_for",
            &self.preferred_for.map(|time| time.as_secs()),
        )?;
        object.serialize_field(
            "protocol",
            &self.protocol.map(|protocol| protocol.to_string()),
        )?;
        object.serialize_field("metric", &self.metric)?;
        object.end()
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Link", 11)?;
        object.serialize_field("ifindex", &self.ifindex)?;
        text(&mut object, ["name", "name_hex"], Some(&self.name))?;
        altnames(&mut object, &self.altnames)?;
        object.serialize_field("flags", &self.flags.names().collect::<Vec<_>>())?;
        object.serialize_field("link_type", &self.link_type.to_string())?;
        let hardware = self.hardware_address.map(|address| address.to_string());
        object.serialize_field("hardware_address", &hardware)?;
        let state = self.operational_state.map(|state| state.to_string());
        object.serialize_field("operational_state", &state)?;
        object.serialize_field("master", &self.master)?;
        object.serialize_field("mtu", &self.mtu)?;
        object.end()
    }
}

impl Serialize for LinkAddrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("LinkAddrs", 7)?;
        text(&mut object, ["name", "name_hex"], Some(&self.name))?;
        object.serialize_field("ifindex", &self.ifindex())?;
        object.serialize_field("found", &self.found())?;
        object.serialize_field("whole", &self.whole)?;
        object.serialize_field("link", &self.link)?;
        object.serialize_field("addrs", &self.addrs)?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::facts::Label;

    #[test]
    fn text_that_is_not_utf8_keeps_its_bytes_beside_it() {
        let odd = || OsString::from_vec(b"d\xff".to_vec());
        let mut link = Link::new(7, odd());
        link.altnames = vec!["plain".into(), odd()];
        let prefix = "10.0.0.1/24".parse().unwrap();
        let mut address = Address::new(7, prefix);
        address.label = Label::from_bytes(b"d\xff:1");
        let value = serde_json::to_value(LinkAddrs::new(link, vec![address])).unwrap();
        assert_eq!(value["name_hex"], "64ff");
        assert_eq!(value["link"]["name"], "d\u{fffd}");
        assert_eq!(value["link"]["name_hex"], "64ff");
        let hex = ["706c61696e", "64ff"];
        assert_eq!(value["link"]["altnames_hex"], serde_json::json!(hex));
        assert_eq!(value["addrs"][0]["label_hex"], "64ff3a31");

        let plain = LinkAddrs::new(Link::new(1, "lo"), vec![Address::new(1, prefix)]);
        let text = serde_json::to_string(&plain).unwrap();
        assert!(!text.contains("_hex"), "{text}");
    }
}

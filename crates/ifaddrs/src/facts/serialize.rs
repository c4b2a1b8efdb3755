//! The shapes that machines read. Names that are not UTF-8 are given lossily; durations in whole seconds,
//! `null` for ever.

use std::fmt;
use std::net::IpAddr;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::address::Address;
use super::link::{Link, LinkAddrs};
use super::prefix::{Prefix, write_addr};

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

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Address", 11)?;
        object.serialize_field("address", &Shown(self.address))?;
        object.serialize_field("prefix_len", &self.prefix_len)?;
        object.serialize_field("peer", &self.peer)?;
        object.serialize_field("broadcast", &self.broadcast)?;
        let label = self.label.as_ref().map(|label| label.to_string_lossy());
        object.serialize_field("label", &label)?;
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
        let mut object = serializer.serialize_struct("Link", 6)?;
        object.serialize_field("ifindex", &self.ifindex)?;
        object.serialize_field("name", &self.name.to_string_lossy())?;
        let altnames: Vec<_> = self
            .altnames
            .iter()
            .map(|name| name.to_string_lossy())
            .collect();
        object.serialize_field("altnames", &altnames)?;
        object.serialize_field("flags", &self.flags.names().collect::<Vec<_>>())?;
        object.serialize_field("master", &self.master)?;
        object.serialize_field("mtu", &self.mtu)?;
        object.end()
    }
}

impl Serialize for LinkAddrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("LinkAddrs", 6)?;
        object.serialize_field("name", &self.name.to_string_lossy())?;
        object.serialize_field("ifindex", &self.ifindex())?;
        object.serialize_field("found", &self.found())?;
        object.serialize_field("whole", &self.whole)?;
        object.serialize_field("link", &self.link)?;
        object.serialize_field("addrs", &self.addrs)?;
        object.end()
    }
}

//! `RTM_NEWLINK` and `RTM_DELLINK` into a [`Link`].

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::framing::{Malformed, attributes, number, u32_at, until_nul};
use super::numbers::{
    AF_UNSPEC, IFLA_ADDRESS, IFLA_ALT_IFNAME, IFLA_IFNAME, IFLA_MASTER, IFLA_MTU, IFLA_OPERSTATE,
    IFLA_PROP_LIST,
};
use crate::facts::{HardwareAddress, Link, LinkFlags, LinkType, OperationalState};

/// The length of `struct ifinfomsg`: family, type, the link's number, flags, changed flags.
const HEADER: usize = 16;
const INDEX_AT: usize = 4;
const FLAGS_AT: usize = 8;

/// `None` for messages of other families. A bridge sends one of family `AF_BRIDGE` when a port
/// leaves it. The link itself still exists then.
pub(crate) fn link(payload: &[u8]) -> Result<Option<Link>, Malformed> {
    let header = payload
        .first_chunk::<HEADER>()
        .ok_or(Malformed("link header cut short"))?;
    if header[0] != AF_UNSPEC {
        return Ok(None);
    }
    let mut link = Link::new(u32_at(header, INDEX_AT), OsString::new());
    link.link_type = LinkType(u16::from_ne_bytes([header[2], header[3]]));
    link.flags = LinkFlags::from_bits(u32_at(header, FLAGS_AT));
    for attribute in attributes(&payload[HEADER..]) {
        let (kind, value) = attribute?;
        match kind {
            IFLA_IFNAME => link.name = os_string(value),
            IFLA_MTU => link.mtu = Some(number(value)?),
            IFLA_MASTER => link.master = Some(number(value)?).filter(|&master| master != 0),
            IFLA_ADDRESS => link.hardware_address = hardware_address(value)?,
            IFLA_OPERSTATE => {
                link.operational_state = value.first().copied().map(OperationalState);
            }
            IFLA_PROP_LIST => link.altnames = altnames(value)?,
            _ => {}
        }
    }
    Ok(Some(link))
}

fn altnames(value: &[u8]) -> Result<Vec<OsString>, Malformed> {
    let mut names = Vec::new();
    for property in attributes(value) {
        let (kind, name) = property?;
        if kind == IFLA_ALT_IFNAME {
            names.push(os_string(name));
        }
    }
    Ok(names)
}

/// A tunnel without an address sends one of zero bytes.
fn hardware_address(value: &[u8]) -> Result<Option<HardwareAddress>, Malformed> {
    if value.is_empty() {
        return Ok(None);
    }
    match HardwareAddress::from_bytes(value) {
        None => Err(Malformed("hardware address longer than 32 bytes")),
        address => Ok(address),
    }
}

fn os_string(value: &[u8]) -> OsString {
    OsString::from_vec(until_nul(value).to_vec())
}

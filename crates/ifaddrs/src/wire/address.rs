//! `RTM_NEWADDR` and `RTM_DELADDR` into an [`Address`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::framing::{Malformed, attributes, number, u32_at, until_nul};
use super::numbers::{
    AF_INET, AF_INET6, IFA_ADDRESS, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS, IFA_LABEL, IFA_LOCAL,
    IFA_PROTO, IFA_RT_PRIORITY,
};
use crate::facts::{Address, AddressFlags, Label, Prefix, Protocol, Scope};

/// The length of `struct ifaddrmsg`: family, prefix length, flags, scope, and the link's number.
const HEADER: usize = 8;
const INDEX_AT: usize = 4;

/// The attributes of an address message that are of use here.
#[derive(Default)]
struct Parts<'a> {
    address: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
    broadcast: Option<&'a [u8]>,
    label: Option<&'a [u8]>,
    lifetimes: Option<&'a [u8]>,
    flags: Option<u32>,
    metric: Option<u32>,
    protocol: u8,
}

/// `None` for families other than IPv4 and IPv6.
pub(crate) fn address(payload: &[u8]) -> Result<Option<Address>, Malformed> {
    let header = payload
        .first_chunk::<HEADER>()
        .ok_or(Malformed("address header cut short"))?;
    let [family, prefix_len, flags, scope, ..] = *header;
    // A dump of all families also has those of others, such as Phonet.
    if family != AF_INET && family != AF_INET6 {
        return Ok(None);
    }
    let parts = parts(&payload[HEADER..])?;
    let [preferred_for, valid_for] = lifetimes(parts.lifetimes)?;
    let mut address = Address {
        ifindex: u32_at(header, INDEX_AT),
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        prefix_len,
        peer: None,
        broadcast: None,
        label: parts.label.map(label).transpose()?,
        scope: Scope(scope),
        // The header holds only eight of the flags. Kernels before 3.14 send no others.
        flags: AddressFlags::from_bits(parts.flags.unwrap_or(u32::from(flags))),
        valid_for,
        preferred_for,
        // 0 is IFAPROT_UNSPEC. Kernels before 5.18 do not send the attribute.
        protocol: (parts.protocol != 0).then_some(Protocol(parts.protocol)),
        metric: parts.metric.filter(|&metric| metric != 0),
    };
    if family == AF_INET {
        ends_v4(&mut address, &parts)?;
    } else {
        ends_v6(&mut address, &parts)?;
    }
    Ok(Some(address))
}

fn parts(payload: &[u8]) -> Result<Parts<'_>, Malformed> {
    let mut parts = Parts::default();
    for attribute in attributes(payload) {
        let (kind, value) = attribute?;
        match kind {
            IFA_ADDRESS => parts.address = Some(value),
            IFA_LOCAL => parts.local = Some(value),
            IFA_LABEL => parts.label = Some(value),
            IFA_BROADCAST => parts.broadcast = Some(value),
            IFA_CACHEINFO => parts.lifetimes = Some(value),
            IFA_FLAGS => parts.flags = Some(number(value)?),
            IFA_RT_PRIORITY => parts.metric = Some(number(value)?),
            IFA_PROTO => parts.protocol = value.first().copied().unwrap_or(0),
            _ => {}
        }
    }
    Ok(parts)
}

/// Separates our end from the peer's. IPv4 always sends both attributes, equal without a peer.
fn ends_v4(address: &mut Address, parts: &Parts<'_>) -> Result<(), Malformed> {
    let wire = parts.address.map(v4).transpose()?;
    let local = parts.local.map(v4).transpose()?;
    // IFA_LOCAL is our end. On a link from point to point IFA_ADDRESS is the other end.
    let own = local.or(wire).unwrap_or(Ipv4Addr::UNSPECIFIED);
    address.address = IpAddr::V4(own);
    address.broadcast = parts.broadcast.map(v4).transpose()?;
    match wire {
        Some(peer) if peer != own => with_peer(address, IpAddr::V4(peer)),
        _ => check_length(address, 32),
    }
}

/// The same for IPv6, which sends `IFA_LOCAL` only with a peer.
fn ends_v6(address: &mut Address, parts: &Parts<'_>) -> Result<(), Malformed> {
    let wire = parts.address.map(v6).transpose()?;
    let local = parts.local.map(v6).transpose()?;
    let own = local.or(wire).unwrap_or(Ipv6Addr::UNSPECIFIED);
    address.address = IpAddr::V6(own);
    match wire {
        Some(peer) if local.is_some() => with_peer(address, IpAddr::V6(peer)),
        _ => check_length(address, 128),
    }
}

const TOO_LONG: Malformed = Malformed("prefix longer than the address");

fn check_length(address: &Address, bits: u8) -> Result<(), Malformed> {
    if address.prefix_len > bits {
        return Err(TOO_LONG);
    }
    Ok(())
}

/// The prefix length on the wire belongs to `IFA_ADDRESS`: to the peer if there is one.
fn with_peer(address: &mut Address, peer: IpAddr) -> Result<(), Malformed> {
    address.peer = Some(Prefix::new(peer, address.prefix_len).ok_or(TOO_LONG)?);
    // The length says nothing of our end, so that is a single address.
    address.prefix_len = Prefix::host(peer).len();
    Ok(())
}

fn v6(bytes: &[u8]) -> Result<Ipv6Addr, Malformed> {
    <[u8; 16]>::try_from(bytes)
        .map(Ipv6Addr::from)
        .map_err(|_| Malformed("IPv6 address of odd length"))
}

fn v4(bytes: &[u8]) -> Result<Ipv4Addr, Malformed> {
    <[u8; 4]>::try_from(bytes)
        .map(Ipv4Addr::from)
        .map_err(|_| Malformed("IPv4 address of odd length"))
}

fn label(value: &[u8]) -> Result<Label, Malformed> {
    Label::from_bytes(until_nul(value)).ok_or(Malformed("label longer than 15 bytes"))
}

/// Preferred and valid lifetime, from `struct ifa_cacheinfo`. All bits set is for ever.
fn lifetimes(bytes: Option<&[u8]>) -> Result<[Option<Duration>; 2], Malformed> {
    let Some(bytes) = bytes else {
        return Ok([None; 2]);
    };
    let bytes = bytes
        .first_chunk::<8>()
        .ok_or(Malformed("lifetimes cut short"))?;
    let seconds = |at| match u32_at(bytes, at) {
        // INFINITY_LIFE_TIME of the kernel.
        u32::MAX => None,
        seconds => Some(Duration::from_secs(u64::from(seconds))),
    };
    Ok([seconds(0), seconds(4)])
}

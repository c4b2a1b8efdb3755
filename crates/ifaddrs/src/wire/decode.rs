//! Kernel answers into values. Pure: bytes in, messages out, an error for what cannot be read.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use super::framing::{self, Frame, Malformed, attributes, u32_at};
use crate::error::Error;
use crate::facts::{Address, AddressFlags, Link, LinkFlags, Prefix, Protocol, Scope};

/// One message of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Which request it answers; 0 or the changer's own number in an event.
    pub sequence: u32,
    /// The port of the socket whose request it answers; 0 when the kernel itself made the change.
    pub port: u32,
    /// True when the list changed while it was dumped (`NLM_F_DUMP_INTR`).
    pub interrupted: bool,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// An address that is there, or was added or changed.
    Address(Address),
    /// An address that was removed.
    AddressGone(Address),
    /// A link that is there, or was added or changed.
    Link(Link),
    /// A link that was removed.
    LinkGone(Link),
    /// The end of a dump; not 0 is the error number it ended with.
    Done(i32),
    /// The answer to a request: an error number, 0 for none, with the kernel's words if it gave any.
    Answer(i32, Option<String>),
    /// Anything else, by its type number.
    Other(u16),
}

/// Takes a datagram of `NETLINK_ROUTE` apart; what [`Handle`](crate::Handle) itself uses.
///
/// The iterator ends after the first error. It takes any bytes without panicking, and allocates no more
/// than they hold.
///
/// # Errors
///
/// Each item may be an error of kind [`Malformed`](crate::ErrorKind::Malformed).
///
/// # Examples
///
/// ```
/// assert_eq!(ifaddrs::decode(&[]).count(), 0);
/// assert!(ifaddrs::decode(&[1, 2, 3]).next().unwrap().is_err());
/// ```
///
/// # References
///
/// [`rtnetlink(7)`](https://man7.org/linux/man-pages/man7/rtnetlink.7.html),
/// [`netlink(7)`](https://man7.org/linux/man-pages/man7/netlink.7.html).
pub fn decode(datagram: &[u8]) -> impl Iterator<Item = Result<Message, Error>> + '_ {
    messages(datagram).map(|message| message.map_err(|Malformed(why)| Error::malformed(why)))
}

pub(crate) fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message, Malformed>> + '_ {
    framing::frames(datagram).map(|frame| message(frame?))
}

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const NLM_F_DUMP_INTR: u16 = 0x10;

const AF_UNSPEC: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

fn message(frame: Frame<'_>) -> Result<Message, Malformed> {
    let other = Body::Other(frame.kind);
    let body = match frame.kind {
        NLMSG_ERROR => answer(frame)?,
        NLMSG_DONE => Body::Done(-status(frame.payload)?),
        RTM_NEWADDR => address(frame.payload)?.map_or(other, Body::Address),
        RTM_DELADDR => address(frame.payload)?.map_or(other, Body::AddressGone),
        RTM_NEWLINK => link(frame.payload)?.map_or(other, Body::Link),
        RTM_DELLINK => link(frame.payload)?.map_or(other, Body::LinkGone),
        _ => other,
    };
    Ok(Message {
        sequence: frame.sequence,
        port: frame.port,
        interrupted: frame.flags & NLM_F_DUMP_INTR != 0,
        body,
    })
}

fn status(payload: &[u8]) -> Result<i32, Malformed> {
    let bytes = payload
        .first_chunk::<4>()
        .ok_or(Malformed("status cut short"))?;
    // Only 0 and negative numbers are sent; the rest would overflow on negation at worst.
    Ok(i32::from_ne_bytes(*bytes).max(-i32::MAX))
}

fn answer(frame: Frame<'_>) -> Result<Body, Malformed> {
    const CAPPED: u16 = 0x100;
    const ACK_TLVS: u16 = 0x200;
    const NLMSGERR_ATTR_MSG: u16 = 1;
    let errno = -status(frame.payload)?;
    if frame.flags & ACK_TLVS == 0 {
        return Ok(Body::Answer(errno, None));
    }
    // After the status comes the request's header, and the rest of the request unless it was capped.
    let request = frame.payload.get(4..).unwrap_or_default();
    let taken = match request.first_chunk::<4>() {
        Some(length) if frame.flags & CAPPED == 0 => u32::from_ne_bytes(*length) as usize,
        _ => framing::HEADER,
    };
    let mut words = None;
    for attribute in attributes(request.get(taken..).unwrap_or_default()) {
        let (kind, value) = attribute?;
        if kind == NLMSGERR_ATTR_MSG {
            words = Some(String::from_utf8_lossy(until_nul(value)).into_owned());
        }
    }
    Ok(Body::Answer(errno, words))
}

/// The attributes of an address message that are of use here.
#[derive(Default)]
struct AddressParts<'a> {
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
fn address(payload: &[u8]) -> Result<Option<Address>, Malformed> {
    let header = payload
        .first_chunk::<8>()
        .ok_or(Malformed("address header cut short"))?;
    let [family, prefix_len, flags, scope, ..] = *header;
    if family != AF_INET && family != AF_INET6 {
        return Ok(None);
    }
    let mut parts = AddressParts::default();
    for attribute in attributes(&payload[8..]) {
        let (kind, value) = attribute?;
        match kind {
            1 => parts.address = Some(value),
            2 => parts.local = Some(value),
            3 => parts.label = Some(value),
            4 => parts.broadcast = Some(value),
            6 => parts.lifetimes = Some(value),
            8 => parts.flags = Some(word(value)?),
            9 => parts.metric = Some(word(value)?),
            11 => parts.protocol = value.first().copied().unwrap_or(0),
            _ => {}
        }
    }
    let (prefix, peer) = ends(family, prefix_len, &parts)?;
    let [preferred_for, valid_for] = lifetimes(parts.lifetimes)?;
    Ok(Some(Address {
        ifindex: u32_at(header, 4),
        address: prefix.addr(),
        prefix_len: prefix.len(),
        peer,
        broadcast: match parts.broadcast {
            Some(bytes) if family == AF_INET => Some(v4(bytes)?),
            _ => None,
        },
        label: parts.label.map(os_string),
        scope: Scope(scope),
        // The header has room for eight bits only.
        flags: AddressFlags::from_bits(parts.flags.unwrap_or(u32::from(flags))),
        valid_for,
        preferred_for,
        protocol: (parts.protocol != 0).then_some(Protocol(parts.protocol)),
        metric: parts.metric.filter(|&metric| metric != 0),
    }))
}

/// Tells our end from the peer's.
///
/// `IFA_LOCAL` is ours and `IFA_ADDRESS` the peer's, or ours again: IPv4 always sends both, IPv6 sends
/// `IFA_LOCAL` only when there is a peer. The prefix length belongs to `IFA_ADDRESS`. An attribute that is
/// missing altogether stands for the unspecified address.
fn ends(
    family: u8,
    prefix_len: u8,
    parts: &AddressParts<'_>,
) -> Result<(Prefix, Option<Prefix>), Malformed> {
    let read = |bytes: &[u8]| -> Result<IpAddr, Malformed> {
        if family == AF_INET {
            return Ok(IpAddr::V4(v4(bytes)?));
        }
        let bytes =
            <[u8; 16]>::try_from(bytes).map_err(|_| Malformed("IPv6 address of odd length"))?;
        Ok(IpAddr::V6(Ipv6Addr::from(bytes)))
    };
    let local = parts.local.map(read).transpose()?;
    let unspecified = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        _ => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let address = match parts.address {
        Some(bytes) => read(bytes)?,
        None => local.unwrap_or(unspecified),
    };
    let on_wire =
        Prefix::new(address, prefix_len).ok_or(Malformed("prefix longer than the address"))?;
    match local {
        Some(local) if local != address || (family == AF_INET6 && parts.address.is_some()) => {
            Ok((Prefix::host(local), Some(on_wire)))
        }
        _ => Ok((on_wire, None)),
    }
}

/// Preferred and valid lifetime; all ones are for ever.
fn lifetimes(bytes: Option<&[u8]>) -> Result<[Option<Duration>; 2], Malformed> {
    let Some(bytes) = bytes else {
        return Ok([None; 2]);
    };
    let bytes = bytes
        .first_chunk::<8>()
        .ok_or(Malformed("lifetimes cut short"))?;
    let seconds = |at| match u32_at(bytes, at) {
        u32::MAX => None,
        seconds => Some(Duration::from_secs(u64::from(seconds))),
    };
    Ok([seconds(0), seconds(4)])
}

/// `None` for messages of other families: a bridge says in `AF_BRIDGE` that a port left it, which is not
/// the end of the link.
fn link(payload: &[u8]) -> Result<Option<Link>, Malformed> {
    let header = payload
        .first_chunk::<16>()
        .ok_or(Malformed("link header cut short"))?;
    if header[0] != AF_UNSPEC {
        return Ok(None);
    }
    let mut link = Link {
        ifindex: u32_at(header, 4),
        name: OsString::new(),
        altnames: Vec::new(),
        flags: LinkFlags::from_bits(u32_at(header, 8)),
        master: None,
        mtu: None,
    };
    const ALT_IFNAME: u16 = 53;
    for attribute in attributes(&payload[16..]) {
        let (kind, value) = attribute?;
        match kind {
            3 => link.name = os_string(value),
            4 => link.mtu = Some(word(value)?),
            10 => link.master = Some(word(value)?).filter(|&master| master != 0),
            52 => {
                for property in attributes(value) {
                    let (kind, name) = property?;
                    if kind == ALT_IFNAME {
                        link.altnames.push(os_string(name));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Some(link))
}

fn word(value: &[u8]) -> Result<u32, Malformed> {
    value
        .first_chunk()
        .map(|bytes| u32::from_ne_bytes(*bytes))
        .ok_or(Malformed("number cut short"))
}

fn v4(bytes: &[u8]) -> Result<Ipv4Addr, Malformed> {
    <[u8; 4]>::try_from(bytes)
        .map(Ipv4Addr::from)
        .map_err(|_| Malformed("IPv4 address of odd length"))
}

fn os_string(value: &[u8]) -> OsString {
    OsString::from_vec(until_nul(value).to_vec())
}

fn until_nul(value: &[u8]) -> &[u8] {
    value.split(|&b| b == 0).next().unwrap_or_default()
}

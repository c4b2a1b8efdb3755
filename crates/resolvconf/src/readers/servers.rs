//! Which words each reader accepts as addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str;

use crate::document::{Nameserver, glibc_ipv4, ipv6};
use crate::readers::context::Context;
use crate::readers::form::AddressForm;

/// The port of DNS.
pub(crate) const PORT: u16 = 53;

/// The address and port that a reader takes from a word, if it accepts the word.
pub(crate) fn server(
    word: &[u8],
    form: AddressForm,
    context: &Context,
) -> Option<(Nameserver, u16)> {
    let at_port = |address: Nameserver| (address, PORT);
    // In no form does an address begin with another byte.
    if !matches!(word.first()?, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':' | b'[') {
        return None;
    }
    match form {
        AddressForm::Strict => Nameserver::parse(word).map(at_port),
        AddressForm::StrictEmptyZone => match word.strip_suffix(b"%") {
            Some(host) => {
                let address = IpAddr::from(ipv6(host)?);
                Some(at_port(Nameserver::new(address, Some(b""))))
            }
            None => Nameserver::parse(word).map(at_port),
        },
        AddressForm::StrictDropsZone => {
            let server = Nameserver::parse(word)?;
            Some(at_port(server.address().into()))
        }
        AddressForm::Glibc => glibc(word, context).map(at_port),
        AddressForm::Musl => musl(word, context).map(at_port),
        AddressForm::Cares118 => {
            let v4 = hexadecimal(word).or_else(|| decimal(word));
            v4.map(IpAddr::from)
                .or_else(|| Some(IpAddr::from(ipv6(word)?)))
                .map(|address| at_port(address.into()))
        }
        AddressForm::Cares134 => {
            let (host, port) = with_port(word)?;
            Some((cares(host, context)?, port))
        }
        AddressForm::Resolved => resolved(word, context),
        AddressForm::Isc => isc(word, context).map(at_port),
        AddressForm::Haproxy => {
            let inner = word.strip_prefix(b"[").and_then(|w| w.strip_suffix(b"]"));
            let v4 = glibc_ipv4(word).map(IpAddr::from);
            let address = v4.or_else(|| Some(ipv6(inner.unwrap_or(word))?.into()))?;
            Some(at_port(address.into()))
        }
        AddressForm::Aton => {
            let (host, port) = with_port(word)?;
            let v4 = glibc_ipv4(host).map(|address| IpAddr::from(address).into());
            Some((v4.or_else(|| zoned(host, context))?, port))
        }
    }
}

/// Whether a word is an address in this form, if nothing is known about the host.
pub(crate) fn is_server(word: &[u8], form: AddressForm) -> bool {
    server(word, form, &Context::default()).is_some()
}

fn plain(word: &[u8]) -> Option<&str> {
    str::from_utf8(word).ok()
}

/// Splits a word at its first `%`.
fn split_zone(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    match word.iter().position(|&b| b == b'%') {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    }
}

fn is_link_local(address: Ipv6Addr) -> bool {
    let multicast = address.segments()[0] & 0xff0f == 0xff02;
    address.is_unicast_link_local() || multicast
}

/// A zone counts only on a link-local address, and only if it is an existing link. It never makes a
/// line invalid.
fn glibc(word: &[u8], context: &Context) -> Option<Nameserver> {
    if !word.contains(&b':') {
        return glibc_ipv4(word).map(|address| IpAddr::from(address).into());
    }
    let (host, zone) = split_zone(word);
    let address = ipv6(host)?;
    let zone = zone.filter(|zone| is_link_local(address) && context.has_link(zone));
    Some(Nameserver::new(address.into(), zone))
}

/// A zone must be a number or, on a link-local address, an existing link.
fn musl(word: &[u8], context: &Context) -> Option<Nameserver> {
    if !word.contains(&b':') {
        return glibc_ipv4(word).map(|address| IpAddr::from(address).into());
    }
    let (host, zone) = split_zone(word);
    let address = ipv6(host)?;
    let is_number = |zone: &[u8]| !zone.is_empty() && zone.iter().all(u8::is_ascii_digit);
    let good = |zone: &[u8]| is_number(zone) || (is_link_local(address) && context.has_link(zone));
    zone.is_none_or(good)
        .then(|| Nameserver::new(address.into(), zone))
}

/// A zone must be an existing link, and stand on a link-local address.
fn isc(word: &[u8], context: &Context) -> Option<Nameserver> {
    if !word.contains(&b':') {
        return glibc_ipv4(word).map(|address| IpAddr::from(address).into());
    }
    let server = zoned(word, context)?;
    let fits = server.zone().is_none() || server.is_ipv6_link_local();
    fits.then_some(server)
}

/// A zone must be an existing link. IPv4 has no zone.
fn zoned(word: &[u8], context: &Context) -> Option<Nameserver> {
    let server = Nameserver::parse(word)?;
    let zone = server.zone().map(|zone| zone.as_bytes());
    zone.is_none_or(|zone| context.has_link(zone))
        .then_some(server)
}

/// A link-local address needs an existing link as its zone. On other addresses a zone is left out.
fn cares(word: &[u8], context: &Context) -> Option<Nameserver> {
    let (host, zone) = split_zone(word);
    if zone.is_some_and(<[u8]>::is_empty) {
        return None;
    }
    if let Some(address) = decimal(host) {
        return Some(IpAddr::from(address).into());
    }
    let address = ipv6(host)?;
    if !address.is_unicast_link_local() {
        return Some(IpAddr::from(address).into());
    }
    let zone = zone.filter(|zone| context.has_link(zone))?;
    Some(Nameserver::new(address.into(), Some(zone)))
}

fn resolved(word: &[u8], context: &Context) -> Option<(Nameserver, u16)> {
    let host = word.split(|&b| b == b'#').next()?;
    let (host, port) = match host.first() {
        // Brackets are allowed only if a port follows.
        Some(b'[') if host.ends_with(b"]") => return None,
        _ => with_port(host)?,
    };
    let (host, zone) = split_zone(host);
    if !zone.is_none_or(|zone| context.has_link(zone) && !zone.is_empty()) {
        return None;
    }
    let server = Nameserver::parse(host)?;
    let zone = zone.filter(|_| server.is_ipv6_link_local());
    Some((Nameserver::new(server.address(), zone), port))
}

/// `host`, `host:port`, `[host]` or `[host]:port`.
fn with_port(word: &[u8]) -> Option<(&[u8], u16)> {
    let number = |digits: &[u8]| plain(digits)?.parse::<u16>().ok().filter(|port| *port > 0);
    if let Some(inner) = word.strip_prefix(b"[") {
        let end = inner.iter().position(|&b| b == b']')?;
        let port = match &inner[end + 1..] {
            [] => PORT,
            [b':', digits @ ..] => number(digits)?,
            _ => return None,
        };
        return Some((&inner[..end], port));
    }
    let mut colons = word.iter().enumerate().filter(|(_, b)| **b == b':');
    match (colons.next(), colons.next()) {
        (Some((at, _)), None) => Some((&word[..at], number(&word[at + 1..])?)),
        _ => Some((word, PORT)),
    }
}

/// One to four decimal numbers. Missing numbers at the end are zero.
fn decimal(word: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = word.split(|&b| b == b'.');
    for octet in &mut octets {
        let Some(part) = parts.next() else { break };
        if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        *octet = plain(part)?.parse().ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

/// `0x` and up to eight digits. Missing digits at the end are zero.
fn hexadecimal(word: &[u8]) -> Option<Ipv4Addr> {
    let digits = word
        .strip_prefix(b"0x")
        .or_else(|| word.strip_prefix(b"0X"))?;
    let valid = (1..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = plain(digits).filter(|_| valid)?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    Some(Ipv4Addr::from(value << (4 * (8 - digits.len()))))
}

//! Which words each reader accepts as addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str;

use crate::document::{Nameserver, glibc_ipv4, ipv6};
use crate::readers::context::Context;
use crate::readers::form::AddressForm;

/// The port of DNS.
pub(crate) const PORT: u16 = 53;

/// An address as a reader takes it. The zone is a part of the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'w> {
    pub(crate) address: IpAddr,
    pub(crate) zone: Option<&'w [u8]>,
    pub(crate) port: u16,
}

impl Place<'_> {
    pub(crate) fn nameserver(&self) -> Nameserver {
        Nameserver::new(self.address, self.zone)
    }
}

/// A word, and what most readers ask about it. It is worked out once for all readers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'w> {
    text: &'w [u8],
    /// The text before the first `%`.
    host: &'w [u8],
    zone: Option<&'w [u8]>,
    /// What the host is as IPv6.
    v6: Option<Ipv6Addr>,
    /// What the host is as four decimal numbers.
    v4: Option<Ipv4Addr>,
    /// What a word without a zone is by the rules of `inet_aton`.
    aton: Option<Ipv4Addr>,
}

impl<'w> Word<'w> {
    pub(crate) fn of(text: &'w [u8]) -> Self {
        let (host, zone) = match text.iter().position(|&b| b == b'%') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let v6 = ipv6(host);
        let fits = (SHORTEST_IPV4..=LONGEST_IPV4).contains(&host.len());
        let v4 = || plain(host)?.parse().ok();
        let may_be_v4 = fits && v6.is_none();
        let v4 = if may_be_v4 { v4() } else { None };
        let has_aton = zone.is_none() && v6.is_none();
        Self {
            text,
            host,
            zone,
            v6,
            v4,
            aton: match has_aton {
                true => v4.or_else(|| glibc_ipv4(host)),
                false => None,
            },
        }
    }

    pub(crate) fn text(&self) -> &'w [u8] {
        self.text
    }

    /// Whether this is the word at that place of the file.
    pub(crate) fn is_at(&self, text: &[u8]) -> bool {
        std::ptr::eq(self.text, text)
    }

    /// Four decimal numbers, or IPv6 with or without a zone.
    pub(crate) fn strict(&self) -> Option<Place<'w>> {
        match (self.v6, self.v4, self.zone) {
            (Some(_), _, Some([])) => None,
            (Some(address), _, zone) => Some(place(address, zone)),
            (None, Some(address), None) => Some(place(address, None)),
            _ => None,
        }
    }

    /// IPv6 without a zone.
    fn bare_v6(&self) -> Option<Place<'w>> {
        self.v6
            .filter(|_| self.zone.is_none())
            .map(|address| place(address, None))
    }

    /// The forms of `inet_aton`.
    pub(crate) fn aton(&self) -> Option<Place<'w>> {
        self.aton.map(|address| place(address, None))
    }

    fn is_unicast_link(&self) -> bool {
        self.v6.is_some_and(|v6| v6.is_unicast_link_local())
    }
}

/// The lengths of an address of four decimal numbers.
const SHORTEST_IPV4: usize = 7;
const LONGEST_IPV4: usize = 15;

fn place(address: impl Into<IpAddr>, zone: Option<&[u8]>) -> Place<'_> {
    Place {
        address: address.into(),
        zone,
        port: PORT,
    }
}

/// The address and port that a reader takes from a word, if it accepts the word.
pub(crate) fn server<'w>(
    word: &Word<'w>,
    form: AddressForm,
    context: &Context,
) -> Option<Place<'w>> {
    if !may_be_server(word.text) {
        return None;
    }
    match form {
        AddressForm::Strict => word.strict(),
        AddressForm::StrictEmptyZone => match (word.v6, word.zone) {
            (Some(address), Some([])) => Some(place(address, Some(b""))),
            _ => word.strict(),
        },
        AddressForm::StrictDropsZone => {
            let found = word.strict()?;
            Some(Place {
                zone: None,
                ..found
            })
        }
        AddressForm::Glibc => glibc(word, context),
        AddressForm::Musl => musl(word, context),
        AddressForm::Cares118 => {
            let v4 = hexadecimal(word.text).or_else(|| decimal(word.text));
            v4.map(|address| place(address, None))
                .or_else(|| word.bare_v6())
        }
        AddressForm::Cares134 => at_port(word, |host| cares(host, context)),
        AddressForm::Resolved => resolved(word, context),
        AddressForm::Isc => isc(word, context),
        AddressForm::Haproxy => haproxy(word),
        AddressForm::Aton => at_port(word, |host| host.aton().or_else(|| zoned(host, context))),
    }
}

/// Whether a word begins like an address. In no form does an address begin with another byte.
pub(crate) fn may_be_server(word: &[u8]) -> bool {
    let first = word.first();
    matches!(
        first,
        Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':' | b'[')
    )
}

/// Whether a word is an address in this form, if nothing is known about the host.
pub(crate) fn is_server(word: &Word<'_>, form: AddressForm, context: &Context) -> bool {
    server(word, form, context).is_some()
}

fn plain(word: &[u8]) -> Option<&str> {
    str::from_utf8(word).ok()
}

fn is_link_local(address: Ipv6Addr) -> bool {
    let multicast = address.segments()[0] & 0xff0f == 0xff02;
    address.is_unicast_link_local() || multicast
}

/// A zone counts only on a link-local address, and only if it is an existing link. It never makes a
/// line invalid.
fn glibc<'w>(word: &Word<'w>, context: &Context) -> Option<Place<'w>> {
    let Some(address) = word.v6 else {
        return word.aton();
    };
    let counts = |zone: &&[u8]| is_link_local(address) && context.has_link(zone);
    Some(place(address, word.zone.filter(counts)))
}

/// A zone must be a number or, on a link-local address, an existing link.
fn musl<'w>(word: &Word<'w>, context: &Context) -> Option<Place<'w>> {
    let Some(address) = word.v6 else {
        return word.aton();
    };
    let is_number = |zone: &[u8]| !zone.is_empty() && zone.iter().all(u8::is_ascii_digit);
    let good = |zone: &[u8]| is_number(zone) || (is_link_local(address) && context.has_link(zone));
    word.zone
        .is_none_or(good)
        .then(|| place(address, word.zone))
}

/// A zone must be an existing link, and stand on a unicast link-local address.
fn isc<'w>(word: &Word<'w>, context: &Context) -> Option<Place<'w>> {
    let Some(address) = word.v6 else {
        return word.aton();
    };
    let found = zoned(word, context)?;
    let fits = found.zone.is_none() || address.is_unicast_link_local();
    fits.then_some(found)
}

fn haproxy<'w>(word: &Word<'w>) -> Option<Place<'w>> {
    let inner = word
        .text
        .strip_prefix(b"[")
        .and_then(|w| w.strip_suffix(b"]"));
    match inner {
        Some(inner) => Some(place(ipv6(inner)?, None)),
        None => word.aton().or_else(|| word.bare_v6()),
    }
}

/// A zone must be an existing link. IPv4 has no zone.
fn zoned<'w>(word: &Word<'w>, context: &Context) -> Option<Place<'w>> {
    let found = word.strict()?;
    found
        .zone
        .is_none_or(|zone| context.has_link(zone))
        .then_some(found)
}

/// A link-local address needs an existing link as its zone. On other addresses a zone is left out.
fn cares<'w>(word: &Word<'w>, context: &Context) -> Option<Place<'w>> {
    if word.zone.is_some_and(<[u8]>::is_empty) {
        return None;
    }
    if let Some(address) = word.v4.or_else(|| decimal(word.host)) {
        return Some(place(address, None));
    }
    let address = word.v6?;
    if !address.is_unicast_link_local() {
        return Some(place(address, None));
    }
    let zone = word.zone.filter(|zone| context.has_link(zone))?;
    Some(place(address, Some(zone)))
}

fn resolved<'w>(word: &Word<'w>, context: &Context) -> Option<Place<'w>> {
    let host = word.text.split(|&b| b == b'#').next()?;
    // Brackets are allowed only if a port follows.
    if host.starts_with(b"[") && host.ends_with(b"]") {
        return None;
    }
    let host = match host.len() == word.text.len() {
        true => *word,
        false => Word::of(host),
    };
    at_port(&host, |host| {
        let good = |zone: &[u8]| context.has_link(zone) && !zone.is_empty();
        if !host.zone.is_none_or(good) {
            return None;
        }
        let address = host.v6.map(IpAddr::from).or(host.v4.map(IpAddr::from))?;
        Some(place(address, host.zone.filter(|_| host.is_unicast_link())))
    })
}

/// What the word is without its port, at that port.
fn at_port<'w>(
    word: &Word<'w>,
    find: impl Fn(&Word<'w>) -> Option<Place<'w>>,
) -> Option<Place<'w>> {
    let (host, port) = with_port(word.text)?;
    let found = match host.len() == word.text.len() {
        true => find(word),
        false => find(&Word::of(host)),
    };
    Some(Place { port, ..found? })
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

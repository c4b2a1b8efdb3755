//! A nameserver's address, with the zone that only IPv6 has.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::{self, FromStr};

use crate::document::Text;
use crate::error::{Error, ErrorKind};

/// The address of a nameserver: `192.0.2.1`, `2001:db8::1` or `fe80::1%eth0`.
///
/// The forms are those moby takes: four decimal numbers without leading zeros, or IPv6 with an
/// optional zone after `%`. No port, no brackets, no short IPv4 form such as `127.1`
/// (glibc reads those; see [`glibc_ipv4`]).
///
/// # Examples
///
/// ```
/// use resolvconf::Nameserver;
///
/// let server: Nameserver = "fe80::1%eth0".parse()?;
/// assert_eq!(server.zone().unwrap().to_str(), Some("eth0"));
/// assert_eq!(server.to_string(), "fe80::1%eth0");
/// # Ok::<(), resolvconf::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nameserver {
    address: IpAddr,
    zone: Option<Text>,
}

/// Longest spelling of an address without its zone: `ffff:…:255.255.255.255`.
const LONGEST: usize = 45;

impl Nameserver {
    /// Parses one word of a `nameserver` line; `None` when it is not an address.
    pub fn parse(word: &[u8]) -> Option<Self> {
        let mut first = word.iter().take(LONGEST + 1);
        if !first.any(|&b| b == b'%' || b == b':') {
            let short = Some(word).filter(|word| word.len() <= LONGEST)?;
            let address: Ipv4Addr = str::from_utf8(short).ok()?.parse().ok()?;
            return Some(IpAddr::V4(address).into());
        }
        let percent = word.iter().take(LONGEST + 1).position(|&b| b == b'%');
        let (address, zone) = match percent {
            Some(at) => (&word[..at], Some(&word[at + 1..])),
            None => (word, None),
        };
        if address.len() > LONGEST {
            return None;
        }
        // Only IPv6 has a colon, and in moby's parser only IPv6 has a zone.
        let address = ipv6(address)?;
        match zone {
            None => Some(IpAddr::V6(address).into()),
            // An empty zone is no address in moby's parser either.
            Some([]) => None,
            Some(zone) => Some(Self {
                address: IpAddr::V6(address),
                zone: Some(zone.into()),
            }),
        }
    }

    /// An address with a zone.
    pub(crate) fn new(address: IpAddr, zone: Option<&[u8]>) -> Self {
        let zone = zone.map(Text::from);
        Self { address, zone }
    }

    /// The address without its zone.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The zone: the name or number of the link on which the address is valid, on this host.
    pub fn zone(&self) -> Option<&Text> {
        self.zone.as_ref()
    }

    /// As it is written in a file. `Display` is lossy for a zone that is not UTF-8.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.address.to_string().into_bytes();
        if let Some(zone) = &self.zone {
            bytes.push(b'%');
            bytes.extend_from_slice(zone.as_bytes());
        }
        bytes
    }

    /// Whether the address is loopback, written as IPv4, IPv6 or IPv4-mapped IPv6.
    pub fn is_loopback(&self) -> bool {
        self.address.to_canonical().is_loopback()
    }

    /// Whether the address is `0.0.0.0` or `::`, which the C libraries take for this host.
    pub fn is_unspecified(&self) -> bool {
        self.address.to_canonical().is_unspecified()
    }

    /// Whether the address is IPv6 link-local (`fe80::/10`), good only with a zone.
    pub fn is_ipv6_link_local(&self) -> bool {
        matches!(self.address, IpAddr::V6(v6) if v6.is_unicast_link_local())
    }

    /// Whether this is a stub listener of systemd-resolved: `127.0.0.53` or `127.0.0.54`.
    ///
    /// The second is its proxy listener (systemd 248 and later).
    pub fn is_stub(&self) -> bool {
        self.address == Ipv4Addr::new(127, 0, 0, 53) || self.address == Ipv4Addr::new(127, 0, 0, 54)
    }

    /// Whether this is where NetworkManager's local cache listens: `127.0.0.1`, `127.0.1.1`
    /// (older Debian and Ubuntu) or `::1`.
    pub fn is_local_cache(&self) -> bool {
        self.address == Ipv4Addr::LOCALHOST
            || self.address == Ipv4Addr::new(127, 0, 1, 1)
            || self.address == Ipv6Addr::LOCALHOST
    }
}

impl From<IpAddr> for Nameserver {
    fn from(address: IpAddr) -> Self {
        Self {
            address,
            zone: None,
        }
    }
}

impl FromStr for Nameserver {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text.as_bytes()).ok_or_else(|| {
            Error::word(
                ErrorKind::InvalidAddress,
                format!("parse({text:?}): not an IP address"),
            )
        })
    }
}

impl fmt::Display for Nameserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.zone {
            None => self.address.fmt(f),
            Some(zone) => write!(f, "{}%{zone}", self.address),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Nameserver {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An IPv6 address without a zone.
pub(crate) fn ipv6(word: &[u8]) -> Option<Ipv6Addr> {
    // The shortest one has two colons. A port has one, and needs no closer look.
    let mut colons = word.iter().filter(|b| **b == b':');
    colons.nth(1)?;
    str::from_utf8(word).ok()?.parse().ok()
}

/// What glibc makes of a word by `inet_aton` rules: one to four numbers, decimal, octal (`0…`)
/// or hexadecimal (`0x…`), the last one filling the bytes that are left.
///
/// `10.1` is 10.0.0.1, `0x7f000001` is 127.0.0.1. Returns `None` for anything else.
///
/// # References
///
/// [inet_aton(3)](https://man7.org/linux/man-pages/man3/inet_aton.3.html)
pub fn glibc_ipv4(word: &[u8]) -> Option<Ipv4Addr> {
    let mut address: u32 = 0;
    let mut parts = word.split(|&b| b == b'.').peekable();
    for place in 0..4_u32 {
        let value = c_number(parts.next()?)?;
        if parts.peek().is_some() {
            address |= u32::from(u8::try_from(value).ok()?) << (24 - 8 * place);
        } else {
            let room = u32::MAX >> (8 * place);
            return (value <= room).then(|| Ipv4Addr::from(address | value));
        }
    }
    None
}

fn c_number(digits: &[u8]) -> Option<u32> {
    let (digits, radix) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        [b'0', rest @ ..] if !rest.is_empty() => (rest, 8),
        _ => (digits, 10),
    };
    let number = digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    });
    number.filter(|_| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_addresses() {
        for (word, shown) in [
            ("1.2.3.4", "1.2.3.4"),
            ("FE80::BB1%1", "fe80::bb1%1"),
            ("fe80::1%a%b", "fe80::1%a%b"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
            ("::10.0.0.1", "::a00:1"),
        ] {
            let server: Nameserver = word.parse().unwrap();
            assert_eq!(server.to_string(), shown, "{word}");
        }
    }

    #[test]
    fn forms_that_are_not() {
        for word in [
            "",
            "10.1",
            "010.0.0.1",
            "1.2.3.4%eth0",
            "fe80::1%",
            "[::1]",
            "[::1]:53",
            "1.1.1.1:53",
            ":::",
            "1.1.1.1,8.8.8.8",
            "1.2.3.4\0",
            "localhost",
            "1:2:3:4::5:6:7:8",
        ] {
            let error = word.parse::<Nameserver>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{word}");
        }
        assert_eq!(Nameserver::parse(&vec![b'1'; 1 << 20]), None);
        assert_eq!(Nameserver::parse(b"\xff"), None);
    }

    #[test]
    fn loopback_in_all_spellings() {
        for word in ["127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(word.parse::<Nameserver>().unwrap().is_loopback(), "{word}");
        }
        for word in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
            let server: Nameserver = word.parse().unwrap();
            assert!(server.is_unspecified() && !server.is_loopback(), "{word}");
        }
    }

    #[test]
    fn numbers_as_glibc_reads_them() {
        let some = |text: &str| Some(text.parse().unwrap());
        assert_eq!(glibc_ipv4(b"10.1"), some("10.0.0.1"));
        assert_eq!(glibc_ipv4(b"127.0.1"), some("127.0.0.1"));
        assert_eq!(glibc_ipv4(b"0x7f000001"), some("127.0.0.1"));
        assert_eq!(glibc_ipv4(b"010.0.0.1"), some("8.0.0.1"));
        assert_eq!(glibc_ipv4(b"0"), some("0.0.0.0"));
        for word in [
            "",
            "1.",
            "1..2",
            "256.1.1.1",
            "1.2.3.256",
            "09",
            "+1",
            "0x",
            "1.2.3.4.5",
        ] {
            assert_eq!(glibc_ipv4(word.as_bytes()), None, "{word}");
        }
    }
}

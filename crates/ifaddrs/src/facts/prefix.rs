//! An address and a prefix length together.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// An IP address with a prefix length, such as `10.0.0.1/24`; host bits are kept.
///
/// # Examples
///
/// ```
/// use ifaddrs::Prefix;
///
/// let prefix: Prefix = "10.2.0.5/30".parse()?;
/// assert_eq!(prefix.network().to_string(), "10.2.0.4/30");
/// assert!(prefix.contains([10, 2, 0, 6].into()));
/// # Ok::<(), ifaddrs::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    addr: IpAddr,
    len: u8,
}

impl Prefix {
    /// Puts address and length together; `None` when the length is more than the address has bits.
    #[must_use]
    pub fn new(addr: IpAddr, len: u8) -> Option<Self> {
        (len <= bits(addr)).then_some(Self { addr, len })
    }

    /// The address with the length of all its bits, /32 or /128.
    #[must_use]
    pub fn host(addr: IpAddr) -> Self {
        Self {
            addr,
            len: bits(addr),
        }
    }

    /// The address, host bits included.
    #[must_use]
    pub fn addr(&self) -> IpAddr {
        self.addr
    }

    /// The prefix length in bits.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // a length of bits, not of a collection
    pub fn len(&self) -> u8 {
        self.len
    }

    /// The network: the same with all host bits cleared.
    #[must_use]
    pub fn network(&self) -> Self {
        let addr = match self.addr {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.len)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.len))
                    .unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        };
        Self {
            addr,
            len: self.len,
        }
    }

    /// Whether `addr` lies in this network; never for an address of the other family.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        Self::new(addr, self.len).is_some_and(|other| {
            other.addr.is_ipv4() == self.addr.is_ipv4() && other.network() == self.network()
        })
    }
}

fn bits(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { 32 } else { 128 }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_addr(f, self.addr)?;
        write!(f, "/{}", self.len)
    }
}

/// Writes an address as `inet_ntop(3)` and so `ip addr` does: with the last four bytes dotted not only for
/// IPv4-mapped but also for IPv4-compatible addresses (`::192.0.2.1`).
pub(crate) fn write_addr(f: &mut fmt::Formatter<'_>, addr: IpAddr) -> fmt::Result {
    match addr {
        IpAddr::V6(v6) if v6.to_bits() >> 32 == 0 && v6.to_bits() >> 16 != 0 => {
            f.write_str("::")?;
            write!(f, "{}", Ipv4Addr::from_bits(v6.to_bits() as u32))
        }
        addr => write!(f, "{addr}"),
    }
}

impl FromStr for Prefix {
    type Err = Error;

    /// Reads `ADDRESS/LENGTH`; without a length it is the host's.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || {
            Error::new(
                ErrorKind::Malformed,
                format!("not an address prefix: {text:?}"),
            )
        };
        let (addr, len) = match text.split_once('/') {
            Some((addr, len)) => (addr, Some(len)),
            None => (text, None),
        };
        let addr: IpAddr = addr.parse().map_err(|_| bad())?;
        match len {
            None => Ok(Self::host(addr)),
            // `u8::from_str` would also take a plus sign.
            Some(len) if len.bytes().all(|b| b.is_ascii_digit()) => len
                .parse()
                .ok()
                .and_then(|len| Self::new(addr, len))
                .ok_or_else(bad),
            Some(_) => Err(bad()),
        }
    }
}

/// Writes words with blanks between them.
pub(crate) fn write_words<'a>(
    f: &mut fmt::Formatter<'_>,
    words: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    for (n, word) in words.enumerate() {
        if n > 0 {
            f.write_char(' ')?;
        }
        f.write_str(word)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn networks_clear_host_bits_at_every_edge() {
        for (text, network) in [
            ("10.11.12.13/16", "10.11.0.0/16"),
            ("10.0.0.1/0", "0.0.0.0/0"),
            ("10.0.0.1/32", "10.0.0.1/32"),
            ("fd00::1/64", "fd00::/64"),
            ("fd00::1/0", "::/0"),
            ("fd00::1/128", "fd00::1/128"),
        ] {
            assert_eq!(prefix(text).network().to_string(), network);
        }
    }

    #[test]
    fn families_do_not_mix() {
        assert!(!prefix("0.0.0.0/0").contains("::1".parse().unwrap()));
        assert!(!prefix("::/0").contains("10.0.0.1".parse().unwrap()));
        assert!(prefix("::/0").contains("fd00::1".parse().unwrap()));
    }

    #[test]
    fn text_that_is_no_prefix_is_refused() {
        for text in [
            "",
            "10.0.0.1/33",
            "::1/129",
            "10.0.0.1/",
            "10.0.0.1/+8",
            "a/8",
            "10.0.0.1/8/8",
        ] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
        assert_eq!(prefix("10.0.0.1").to_string(), "10.0.0.1/32");
    }

    #[test]
    fn addresses_are_written_as_inet_ntop_does() {
        for text in [
            "::192.0.2.1/96",
            "::ffff:192.0.2.1/96",
            "::1/128",
            "::/0",
            "::1:0/128",
            "1::/16",
        ] {
            let want = if text == "::1:0/128" {
                "::0.1.0.0/128"
            } else {
                text
            };
            assert_eq!(prefix(text).to_string(), want);
        }
    }
}

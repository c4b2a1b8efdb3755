//! An address and a prefix length together.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::words::write_addr;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    addr: IpAddr,
    len: u8,
}

impl Prefix {
    /// An address and a length; `None` when the length is more than the address has bits.
    pub fn new(addr: IpAddr, len: u8) -> Option<Self> {
        (len <= bits(addr)).then_some(Self { addr, len })
    }

    /// The address with the length of all its bits, /32 or /128.
    pub fn host(addr: IpAddr) -> Self {
        Self {
            addr,
            len: bits(addr),
        }
    }

    /// The address, host bits included.
    pub fn addr(&self) -> IpAddr {
        self.addr
    }

    /// The prefix length in bits.
    #[allow(clippy::len_without_is_empty)] // a length of bits, not of a collection
    pub fn len(&self) -> u8 {
        self.len
    }

    /// The network: the same with all host bits cleared.
    pub fn network(&self) -> Self {
        let addr = match self.addr {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & self.mask_v4())),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & self.mask_v6())),
        };
        Self {
            addr,
            len: self.len,
        }
    }

    /// The netmask: as many bits set as the prefix is long.
    ///
    /// # Examples
    ///
    /// ```
    /// let prefix: ifaddrs::Prefix = "10.0.0.1/20".parse()?;
    /// assert_eq!(prefix.netmask().to_string(), "255.255.240.0");
    /// # Ok::<(), ifaddrs::Error>(())
    /// ```
    pub fn netmask(&self) -> IpAddr {
        match self.addr {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(self.mask_v4())),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(self.mask_v6())),
        }
    }

    // Rust panics, in debug builds, when a number is shifted by all its bits. Hence the checks.
    fn mask_v4(&self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.len)).unwrap_or(0)
    }

    fn mask_v6(&self) -> u128 {
        u128::MAX
            .checked_shl(128 - u32::from(self.len))
            .unwrap_or(0)
    }

    /// Whether `addr` lies in this network; never for an address of the other family.
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

impl FromStr for Prefix {
    type Err = Error;

    /// Reads `ADDRESS/LENGTH`; without a length it is the host's.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || {
            Error::new(
                ErrorKind::InvalidPrefix,
                format!("parse({text:?}): not an address prefix"),
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
    fn netmasks_at_every_edge() {
        for (text, mask) in [
            ("10.0.0.1/0", "0.0.0.0"),
            ("10.0.0.1/9", "255.128.0.0"),
            ("10.0.0.1/32", "255.255.255.255"),
            ("fd00::1/0", "::"),
            ("fd00::1/65", "ffff:ffff:ffff:ffff:8000::"),
            ("fd00::1/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(prefix(text).netmask().to_string(), mask, "{text}");
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
            let error = text.parse::<Prefix>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPrefix, "{text}");
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

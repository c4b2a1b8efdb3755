//! What the kernel knows of one address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::flags::{ADDRESS_FLAG_NAMES, AddressFlags};
use super::label::Label;
use super::prefix::Prefix;
use super::scope::{Protocol, Scope};
use super::words::write_addr;

/// One address of one link.
///
/// [`Display`](fmt::Display) writes it as `ip addr` does: `10.0.0.1/24`, or
/// `10.0.0.1 peer 10.0.0.2/32` on a point-to-point link.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The number of the link it belongs to.
    pub ifindex: u32,
    /// The local address.
    pub address: IpAddr,
    /// Prefix length in bits. With a peer, the kernel's length belongs to the peer, and this is
    /// 32 or 128.
    pub prefix_len: u8,
    /// The other end of a point-to-point link, with the prefix length of its network.
    pub peer: Option<Prefix>,
    /// The broadcast address; IPv4 only, and only where one is set.
    pub broadcast: Option<Ipv4Addr>,
    /// The label, such as `eth0:1`; IPv4 only. Where none was set, the kernel gives the link's
    /// name.
    pub label: Option<Label>,
    /// How far the address is valid.
    pub scope: Scope,
    /// The flags, all 32 bits of them.
    pub flags: AddressFlags,
    /// How long the address remains valid, counted from the answer; `None` is for ever.
    pub valid_for: Option<Duration>,
    /// How long the address remains preferred, counted from the answer. `None` is for ever, and
    /// zero is deprecated.
    pub preferred_for: Option<Duration>,
    /// Who put the address there (`IFA_PROTO`, Linux 5.18); `None` where the kernel does not say.
    pub protocol: Option<Protocol>,
    /// Metric of the prefix route, where one was set (Linux 4.18).
    pub metric: Option<u32>,
}

impl Address {
    /// A global address without any other fact, for a test of your own.
    pub fn new(ifindex: u32, prefix: Prefix) -> Self {
        Self {
            ifindex,
            address: prefix.addr(),
            prefix_len: prefix.len(),
            peer: None,
            broadcast: None,
            label: None,
            scope: Scope::GLOBAL,
            flags: AddressFlags::PERMANENT,
            valid_for: None,
            preferred_for: None,
            protocol: None,
            metric: None,
        }
    }

    /// Address and prefix length together, as moby's `ifaceAddrs` gives them.
    pub fn prefix(&self) -> Prefix {
        Prefix::new(self.address, self.prefix_len).unwrap_or(Prefix::host(self.address))
    }

    /// The netmask of the address; with a peer, that of the peer's network.
    pub fn netmask(&self) -> IpAddr {
        self.peer.unwrap_or_else(|| self.prefix()).netmask()
    }

    /// The words for the flags, in `ip addr`'s spelling and order.
    ///
    /// One bit has two meanings: `secondary` for IPv4, `temporary` for IPv6. `ip` writes `dynamic`
    /// where `permanent` is missing; here the flag itself is given.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let first = if self.address.is_ipv4() {
            "secondary"
        } else {
            "temporary"
        };
        let flags = self.flags;
        std::iter::once((AddressFlags::SECONDARY, first))
            .chain(ADDRESS_FLAG_NAMES)
            .filter(move |(flag, _)| flags.contains(*flag))
            .map(|(_, name)| name)
    }

    /// The identity of this address: no other address on its host has the same. IPv4 may have one
    /// address several times, with other lengths or peers; IPv6 may not.
    pub(crate) fn key(&self) -> Key {
        let rest = match (self.address, self.peer) {
            (IpAddr::V6(_), _) => 0,
            (IpAddr::V4(_), None) => u64::from(self.prefix_len),
            (IpAddr::V4(_), Some(peer)) => match peer.addr() {
                IpAddr::V4(addr) => {
                    1 << 63 | u64::from(addr.to_bits()) << 8 | u64::from(peer.len())
                }
                IpAddr::V6(_) => 1 << 62,
            },
        };
        let bits = match self.address {
            IpAddr::V4(addr) => u128::from(addr.to_bits()),
            IpAddr::V6(addr) => addr.to_bits(),
        };
        Key {
            ifindex: self.ifindex,
            v4: self.address.is_ipv4(),
            bits,
            rest,
        }
    }
}

/// The identity of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) ifindex: u32,
    v4: bool,
    bits: u128,
    rest: u64,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            None => write!(f, "{}", self.prefix()),
            // Two equal ends mean an address without a peer. `ip` reads it so, too.
            Some(peer) if peer.addr() == self.address => write!(f, "{peer}"),
            Some(peer) => {
                write_addr(f, self.address)?;
                write!(f, " peer {peer}")
            }
        }
    }
}

/// The addresses of all links, in the kernel's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllAddrs {
    /// The addresses: those of IPv4 on all links first, then those of IPv6.
    pub addrs: Vec<Address>,
    /// False only if torn answers were accepted and this is one: an address may be missing.
    pub whole: bool,
}

impl IntoIterator for AllAddrs {
    type Item = Address;
    type IntoIter = std::vec::IntoIter<Address>;

    fn into_iter(self) -> Self::IntoIter {
        self.addrs.into_iter()
    }
}

impl<'a> IntoIterator for &'a AllAddrs {
    type Item = &'a Address;
    type IntoIter = std::slice::Iter<'a, Address>;

    fn into_iter(self) -> Self::IntoIter {
        self.addrs.iter()
    }
}

//! What the kernel knows of one address.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::flags::bit_set;
use super::prefix::{Prefix, write_addr, write_words};

/// One address of one link.
///
/// [`Display`](fmt::Display) writes it as `ip addr` does: `10.0.0.1/24`, or
/// `10.0.0.1 peer 10.0.0.2/32` on a point-to-point link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The number of the link it belongs to.
    pub ifindex: u32,
    /// The local address.
    pub address: IpAddr,
    /// Prefix length in bits. With a peer the length on the wire is the peer's, and this is 32 or 128.
    pub prefix_len: u8,
    /// The other end of a point-to-point link, with the prefix length of its network.
    pub peer: Option<Prefix>,
    /// The broadcast address; IPv4 only, and only where one is set.
    pub broadcast: Option<Ipv4Addr>,
    /// The label, such as `eth0:1`; IPv4 only. The kernel gives the link's name where none was set.
    pub label: Option<OsString>,
    /// How far the address is valid.
    pub scope: Scope,
    /// The flags, all 32 bits of them.
    pub flags: AddressFlags,
    /// How long the address remains valid, as of the answer; `None` is for ever.
    pub valid_for: Option<Duration>,
    /// How long the address remains preferred, as of the answer; `None` is for ever, zero is deprecated.
    pub preferred_for: Option<Duration>,
    /// Who put the address there (`IFA_PROTO`, Linux 5.18); `None` where it does not say.
    pub protocol: Option<Protocol>,
    /// Metric of the prefix route, where one was set (Linux 4.18).
    pub metric: Option<u32>,
}

impl Address {
    /// Address and prefix length together, as moby's `ifaceAddrs` gives them.
    #[must_use]
    pub fn prefix(&self) -> Prefix {
        Prefix::new(self.address, self.prefix_len).unwrap_or(Prefix::host(self.address))
    }

    /// The words for the flags, in `ip addr`'s spelling and order.
    ///
    /// One bit has two meanings: `secondary` for IPv4, `temporary` for IPv6. `ip` writes `dynamic` where
    /// `permanent` is missing; here the flag itself is given.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let first = if self.address.is_ipv4() {
            "secondary"
        } else {
            "temporary"
        };
        let flags = self.flags;
        std::iter::once((AddressFlags::SECONDARY, first))
            .chain(FLAG_NAMES)
            .filter(move |(flag, _)| flags.contains(*flag))
            .map(|(_, name)| name)
    }

    /// What tells this address from all others on its host: IPv4 may have one address several times with
    /// other lengths or peers, IPv6 may not.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
            // As `ip` does, which takes an equal pair for no peer at all.
            Some(peer) if peer.addr() == self.address => write!(f, "{peer}"),
            Some(peer) => {
                write_addr(f, self.address)?;
                write!(f, " peer {peer}")
            }
        }
    }
}

/// The flags of an address; unknown bits are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AddressFlags(u32);

impl AddressFlags {
    /// IPv4: not the first address of its network.
    pub const SECONDARY: Self = Self(0x01);
    /// IPv6: a temporary address of the privacy extensions. The same bit as [`SECONDARY`](Self::SECONDARY).
    pub const TEMPORARY: Self = Self(0x01);
    /// Set without duplicate address detection.
    pub const NODAD: Self = Self(0x02);
    /// Usable while duplicate address detection still runs.
    pub const OPTIMISTIC: Self = Self(0x04);
    /// Another host has the address: it is never usable.
    pub const DADFAILED: Self = Self(0x08);
    /// A home address of mobile IPv6.
    pub const HOMEADDRESS: Self = Self(0x10);
    /// No longer to be used for new connections.
    pub const DEPRECATED: Self = Self(0x20);
    /// Duplicate address detection still runs: not usable yet.
    pub const TENTATIVE: Self = Self(0x40);
    /// Without a lifetime; `ip` calls the others dynamic.
    pub const PERMANENT: Self = Self(0x80);
    /// Temporary addresses are made from this one.
    pub const MANAGETEMPADDR: Self = Self(0x100);
    /// Came without a route for its network.
    pub const NOPREFIXROUTE: Self = Self(0x200);
    /// The multicast group is joined too.
    pub const MCAUTOJOIN: Self = Self(0x400);
    /// Made by the stable privacy method (RFC 7217).
    pub const STABLE_PRIVACY: Self = Self(0x800);
}

bit_set!(AddressFlags);

impl fmt::Debug for AddressFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddressFlags({:#x}: ", self.0)?;
        let names = std::iter::once((Self::SECONDARY, "secondary|temporary")).chain(FLAG_NAMES);
        let set = names
            .filter(|(flag, _)| self.contains(*flag))
            .map(|(_, name)| name);
        write_words(f, set)?;
        f.write_str(")")
    }
}

/// All but the first bit, whose name depends on the family.
const FLAG_NAMES: [(AddressFlags, &str); 11] = [
    (AddressFlags::NODAD, "nodad"),
    (AddressFlags::OPTIMISTIC, "optimistic"),
    (AddressFlags::DADFAILED, "dadfailed"),
    (AddressFlags::HOMEADDRESS, "home"),
    (AddressFlags::DEPRECATED, "deprecated"),
    (AddressFlags::TENTATIVE, "tentative"),
    (AddressFlags::PERMANENT, "permanent"),
    (AddressFlags::MANAGETEMPADDR, "mngtmpaddr"),
    (AddressFlags::NOPREFIXROUTE, "noprefixroute"),
    (AddressFlags::MCAUTOJOIN, "autojoin"),
    (AddressFlags::STABLE_PRIVACY, "stable-privacy"),
];

/// How far an address is valid; [`Display`](fmt::Display) gives `ip`'s word or the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(pub u8);

impl Scope {
    /// Valid everywhere.
    pub const GLOBAL: Self = Self(0);
    /// Valid within the site (IPv6, outdated).
    pub const SITE: Self = Self(200);
    /// Valid on this link.
    pub const LINK: Self = Self(253);
    /// Valid within this host.
    pub const HOST: Self = Self(254);
    /// Valid nowhere.
    pub const NOWHERE: Self = Self(255);
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::GLOBAL => "global",
            Self::SITE => "site",
            Self::LINK => "link",
            Self::HOST => "host",
            Self::NOWHERE => "nowhere",
            Self(other) => return write!(f, "{other}"),
        })
    }
}

/// Who put an address there; [`Display`](fmt::Display) gives `ip`'s word or the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// The kernel, for a loopback link.
    pub const KERNEL_LO: Self = Self(1);
    /// The kernel, after a router's advertisement.
    pub const KERNEL_RA: Self = Self(2);
    /// The kernel, as link-local address.
    pub const KERNEL_LL: Self = Self(3);
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::KERNEL_LO => "kernel_lo",
            Self::KERNEL_RA => "kernel_ra",
            Self::KERNEL_LL => "kernel_ll",
            Self(other) => return write!(f, "{other}"),
        })
    }
}

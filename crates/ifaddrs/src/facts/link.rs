//! What the kernel knows of one link.

use std::ffi::{OsStr, OsString};
use std::fmt;

use super::address::Address;
use super::flags::bit_set;
use super::prefix::write_words;

/// One network link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// Its number; never 0.
    pub ifindex: u32,
    /// Its name, at most 15 bytes.
    pub name: OsString,
    /// Its alternative names, each at most 127 bytes (Linux 5.5).
    pub altnames: Vec<OsString>,
    /// Up, running, loopback and the like.
    pub flags: LinkFlags,
    /// The number of the link it is a port of, such as a bridge.
    pub master: Option<u32>,
    /// Largest packet in bytes.
    pub mtu: Option<u32>,
}

impl Link {
    /// Whether `name` is its name or one of its alternative names.
    #[must_use]
    pub fn is_named(&self, name: &OsStr) -> bool {
        self.name == name || self.altnames.iter().any(|altname| altname == name)
    }
}

/// The answer for one link: the link, if it exists, and its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkAddrs {
    /// The link's name; where it does not exist, the name that was asked for (empty if asked by number).
    pub name: OsString,
    /// The link; `None` when there is no such link.
    pub link: Option<Link>,
    /// Its addresses, IPv4 first, in the kernel's order; empty for a missing link and for a link without
    /// addresses.
    pub addrs: Vec<Address>,
    /// False only if torn answers were accepted and this is one: an address may be missing.
    pub whole: bool,
}

impl LinkAddrs {
    /// Whether the link exists.
    #[must_use]
    pub fn found(&self) -> bool {
        self.link.is_some()
    }

    /// The link's number, if it exists.
    #[must_use]
    pub fn ifindex(&self) -> Option<u32> {
        self.link.as_ref().map(|link| link.ifindex)
    }

    pub(crate) fn missing(name: &OsStr) -> Self {
        Self {
            name: name.to_owned(),
            link: None,
            addrs: Vec::new(),
            whole: true,
        }
    }

    pub(crate) fn of(link: Link, addrs: Vec<Address>, whole: bool) -> Self {
        Self {
            name: link.name.clone(),
            link: Some(link),
            addrs,
            whole,
        }
    }
}

/// The flags of a link; unknown bits are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LinkFlags(u32);

impl LinkFlags {
    /// Administratively up.
    pub const UP: Self = Self(0x1);
    /// Has a broadcast address.
    pub const BROADCAST: Self = Self(0x2);
    /// A loopback link.
    pub const LOOPBACK: Self = Self(0x8);
    /// A point-to-point link.
    pub const POINTOPOINT: Self = Self(0x10);
    /// Operational: packets can pass.
    pub const RUNNING: Self = Self(0x40);
    /// Without ARP.
    pub const NOARP: Self = Self(0x80);
    /// Takes all packets.
    pub const PROMISC: Self = Self(0x100);
    /// Can do multicast.
    pub const MULTICAST: Self = Self(0x1000);
    /// The driver signals a carrier.
    pub const LOWER_UP: Self = Self(0x1_0000);

    /// The words for the flags, in `ip link`'s spelling and order; `NO-CARRIER` first when the link is up
    /// and not running.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let no_carrier = self.contains(Self::UP) && !self.contains(Self::RUNNING);
        let set = FLAG_NAMES
            .into_iter()
            .filter(move |(bit, _)| self.0 & bit != 0);
        no_carrier
            .then_some("NO-CARRIER")
            .into_iter()
            .chain(set.map(|(_, name)| name))
    }
}

bit_set!(LinkFlags);

impl fmt::Debug for LinkFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkFlags({:#x}: ", self.0)?;
        write_words(f, self.names())?;
        f.write_str(")")
    }
}

const FLAG_NAMES: [(u32, &str); 18] = [
    (0x8, "LOOPBACK"),
    (0x2, "BROADCAST"),
    (0x10, "POINTOPOINT"),
    (0x1000, "MULTICAST"),
    (0x80, "NOARP"),
    (0x200, "ALLMULTI"),
    (0x100, "PROMISC"),
    (0x400, "MASTER"),
    (0x800, "SLAVE"),
    (0x4, "DEBUG"),
    (0x8000, "DYNAMIC"),
    (0x4000, "AUTOMEDIA"),
    (0x2000, "PORTSEL"),
    (0x20, "NOTRAILERS"),
    (0x1, "UP"),
    (0x1_0000, "LOWER_UP"),
    (0x2_0000, "DORMANT"),
    (0x4_0000, "ECHO"),
];

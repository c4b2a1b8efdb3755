//! The flags of addresses and of links.

use std::fmt;

use super::words::write_words;

/// Adds the methods of a set of flags to a struct of 32 bits.
macro_rules! bit_set {
    ($name:ident) => {
        impl $name {
            /// The set of these bits.
            pub const fn from_bits(bits: u32) -> Self {
                Self(bits)
            }

            /// The bits as the kernel has them.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Whether all flags of `other` are set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
}

/// The flags of an address; unknown bits are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AddressFlags(u32);

impl AddressFlags {
    /// IPv4: not the first address of its network.
    pub const SECONDARY: Self = Self(0x01);
    /// IPv6: a temporary address of the privacy extensions. It is the same bit as
    /// [`SECONDARY`](Self::SECONDARY).
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
        let names =
            std::iter::once((Self::SECONDARY, "secondary|temporary")).chain(ADDRESS_FLAG_NAMES);
        let set = names
            .filter(|(flag, _)| self.contains(*flag))
            .map(|(_, name)| name);
        write_words(f, set)?;
        f.write_str(")")
    }
}

/// The first bit is not here, because its name depends on the family.
pub(super) const ADDRESS_FLAG_NAMES: [(AddressFlags, &str); 11] = [
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

/// The flags of a link; unknown bits are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LinkFlags(u32);

impl LinkFlags {
    /// Switched on.
    pub const UP: Self = Self(0x1);
    /// Has a broadcast address.
    pub const BROADCAST: Self = Self(0x2);
    /// The driver's debugging is on.
    pub const DEBUG: Self = Self(0x4);
    /// The loopback link.
    pub const LOOPBACK: Self = Self(0x8);
    /// A point-to-point link.
    pub const POINTOPOINT: Self = Self(0x10);
    /// Without trailers.
    pub const NOTRAILERS: Self = Self(0x20);
    /// Packets can pass.
    pub const RUNNING: Self = Self(0x40);
    /// Without ARP.
    pub const NOARP: Self = Self(0x80);
    /// Takes all packets.
    pub const PROMISC: Self = Self(0x100);
    /// Takes all multicast packets.
    pub const ALLMULTI: Self = Self(0x200);
    /// Has ports, of a bond for example.
    pub const MASTER: Self = Self(0x400);
    /// Is a port, of a bond for example.
    pub const SLAVE: Self = Self(0x800);
    /// Can do multicast.
    pub const MULTICAST: Self = Self(0x1000);
    /// Can choose its medium.
    pub const PORTSEL: Self = Self(0x2000);
    /// Chooses its medium by itself.
    pub const AUTOMEDIA: Self = Self(0x4000);
    /// Loses its addresses when it goes down.
    pub const DYNAMIC: Self = Self(0x8000);
    /// The driver signals a carrier.
    pub const LOWER_UP: Self = Self(0x1_0000);
    /// Waits for an event outside.
    pub const DORMANT: Self = Self(0x2_0000);
    /// Gives back what it sends.
    pub const ECHO: Self = Self(0x4_0000);

    /// The words for the flags, in `ip link`'s spelling and order. `NO-CARRIER` comes first when
    /// the link is up and not running.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let no_carrier = self.contains(Self::UP) && !self.contains(Self::RUNNING);
        let set = LINK_FLAG_NAMES
            .into_iter()
            .filter(move |(flag, _)| self.contains(*flag));
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

/// In the order of `ip link`, which does not print `RUNNING`.
const LINK_FLAG_NAMES: [(LinkFlags, &str); 18] = [
    (LinkFlags::LOOPBACK, "LOOPBACK"),
    (LinkFlags::BROADCAST, "BROADCAST"),
    (LinkFlags::POINTOPOINT, "POINTOPOINT"),
    (LinkFlags::MULTICAST, "MULTICAST"),
    (LinkFlags::NOARP, "NOARP"),
    (LinkFlags::ALLMULTI, "ALLMULTI"),
    (LinkFlags::PROMISC, "PROMISC"),
    (LinkFlags::MASTER, "MASTER"),
    (LinkFlags::SLAVE, "SLAVE"),
    (LinkFlags::DEBUG, "DEBUG"),
    (LinkFlags::DYNAMIC, "DYNAMIC"),
    (LinkFlags::AUTOMEDIA, "AUTOMEDIA"),
    (LinkFlags::PORTSEL, "PORTSEL"),
    (LinkFlags::NOTRAILERS, "NOTRAILERS"),
    (LinkFlags::UP, "UP"),
    (LinkFlags::LOWER_UP, "LOWER_UP"),
    (LinkFlags::DORMANT, "DORMANT"),
    (LinkFlags::ECHO, "ECHO"),
];

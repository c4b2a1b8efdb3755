//! What a link is below IP: its kind, its hardware address, whether it can carry packets.

use std::fmt;

/// The most bytes of a hardware address: the kernel's `MAX_ADDR_LEN`.
const LONGEST: usize = 32;

/// A link's hardware address: six bytes for Ethernet, up to 32 for others.
///
/// [`Display`](fmt::Display) writes it as `ip link` does: `02:42:ac:11:00:02`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HardwareAddress {
    bytes: [u8; LONGEST],
    length: u8,
}

impl HardwareAddress {
    /// An address of these bytes; `None` if they are more than 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let length = u8::try_from(bytes.len()).ok()?;
        let mut address = Self {
            bytes: [0; LONGEST],
            length,
        };
        address.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(address)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The MAC address, if it has the six bytes of one.
    ///
    /// The MAC address of a loopback link is all zeros. A tunnel may have an IP address here, of
    /// four or sixteen bytes.
    pub fn mac(&self) -> Option<[u8; 6]> {
        self.as_bytes().try_into().ok()
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.as_bytes().iter().enumerate() {
            let colon = if n > 0 { ":" } else { "" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HardwareAddress({self})")
    }
}

/// Whether a link can carry packets (RFC 2863). [`Display`](fmt::Display) gives `ip`'s word or
/// the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationalState(pub u8);

impl OperationalState {
    /// The driver does not say; so do many virtual links that work.
    pub const UNKNOWN: Self = Self(0);
    /// A part of the hardware is missing.
    pub const NOT_PRESENT: Self = Self(1);
    /// No carrier, or switched off.
    pub const DOWN: Self = Self(2);
    /// The link below it is down.
    pub const LOWER_LAYER_DOWN: Self = Self(3);
    /// It is being tested, and carries no packets.
    pub const TESTING: Self = Self(4);
    /// It waits for an event outside, such as an authentication.
    pub const DORMANT: Self = Self(5);
    /// It carries packets.
    pub const UP: Self = Self(6);
}

impl fmt::Display for OperationalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::UNKNOWN => "UNKNOWN",
            Self::NOT_PRESENT => "NOTPRESENT",
            Self::DOWN => "DOWN",
            Self::LOWER_LAYER_DOWN => "LOWERLAYERDOWN",
            Self::TESTING => "TESTING",
            Self::DORMANT => "DORMANT",
            Self::UP => "UP",
            Self(other) => return write!(f, "{other}"),
        })
    }
}

/// What kind of hardware a link speaks to: the kernel's `ARPHRD_*`. [`Display`](fmt::Display)
/// gives `ip`'s word for the kinds named here, and the number of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// Ethernet, and virtual links that are like it.
    pub const ETHERNET: Self = Self(1);
    /// InfiniBand.
    pub const INFINIBAND: Self = Self(32);
    /// A point-to-point protocol link.
    pub const PPP: Self = Self(512);
    /// An IPv4 tunnel.
    pub const TUNNEL: Self = Self(768);
    /// An IPv6 tunnel.
    pub const TUNNEL6: Self = Self(769);
    /// A loopback link.
    pub const LOOPBACK: Self = Self(772);
    /// IPv6 in IPv4.
    pub const SIT: Self = Self(776);
    /// A GRE tunnel over IPv4.
    pub const GRE: Self = Self(778);
    /// No hardware header at all, such as WireGuard.
    pub const NONE: Self = Self(0xfffe);
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::ETHERNET => "ether",
            Self::INFINIBAND => "infiniband",
            Self::PPP => "ppp",
            Self::TUNNEL => "ipip",
            Self::TUNNEL6 => "tunnel6",
            Self::LOOPBACK => "loopback",
            Self::SIT => "sit",
            Self::GRE => "gre",
            Self::NONE => "none",
            Self(other) => return write!(f, "{other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_are_written_as_ip_does() {
        let mac = HardwareAddress::from_bytes(&[2, 0x42, 0xac, 0x11, 0, 2]).unwrap();
        assert_eq!(mac.to_string(), "02:42:ac:11:00:02");
        assert_eq!(mac.mac(), Some([2, 0x42, 0xac, 0x11, 0, 2]));
        let tunnel = HardwareAddress::from_bytes(&[10, 0, 0, 1]).unwrap();
        assert_eq!(
            (tunnel.mac(), tunnel.to_string().as_str()),
            (None, "0a:00:00:01")
        );
        assert!(HardwareAddress::from_bytes(&[0; 32]).is_some());
        assert!(HardwareAddress::from_bytes(&[0; 33]).is_none());
        assert!(HardwareAddress::from_bytes(&[0; 300]).is_none());
    }
}

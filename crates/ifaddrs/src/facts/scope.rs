//! How far an address is valid, and who put it there.

use std::fmt;

/// How far an address is valid; [`Display`](fmt::Display) gives `ip`'s word or the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

//! The kind of network that a file is for, and the servers that are used when none is left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::document::{Nameserver, Text};
use crate::select::NetworkKind;

/// The kind of network the file is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// No rewriting: overrides only.
    #[default]
    None,
    /// The container shares the host's network: overrides only.
    Host,
    /// A network without a resolver of its own. Servers that work only on the host are dropped.
    Legacy {
        /// Whether the network has IPv6.
        ipv6: bool,
    },
    /// A network with the daemon's own resolver. Only this resolver is listed; the other servers
    /// become its upstreams.
    Internal {
        /// The resolver's address inside the container; Docker uses `127.0.0.11`.
        nameserver: Nameserver,
        /// Options that the resolver needs, such as `ndots:0`. An option that is there already is
        /// kept.
        required_options: Vec<Text>,
    },
}

impl Network {
    /// The kind of network that decides which file of the host is inherited.
    pub fn kind(&self) -> NetworkKind {
        match self {
            Self::Host => NetworkKind::Host,
            Self::Internal { .. } => NetworkKind::UserDefined,
            Self::None | Self::Legacy { .. } => NetworkKind::Default,
        }
    }
}

/// The servers of a network without a resolver, if the host's file gives no usable server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// No servers: names do not resolve, and a warning says so. For hosts that must not ask servers
    /// outside.
    Off,
    /// The public servers that moby lists: [`DEFAULT_IPV4`], and [`DEFAULT_IPV6`] with IPv6.
    #[default]
    Moby,
    /// These servers, of any address family.
    Servers(Vec<Nameserver>),
}

/// The public servers that moby lists when no other is left.
pub const DEFAULT_IPV4: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4)),
];

/// The public servers that moby adds when the network has IPv6.
pub const DEFAULT_IPV6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844)),
];

impl Fallback {
    /// A stable name for machines: `off`, `moby` or `servers`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Moby => "moby",
            Self::Servers(_) => "servers",
        }
    }

    pub(crate) fn servers(&self, ipv4: bool, ipv6: bool) -> Vec<Nameserver> {
        match self {
            Self::Off => Vec::new(),
            Self::Moby => {
                let v4 = DEFAULT_IPV4.into_iter().filter(|_| ipv4);
                let v6 = DEFAULT_IPV6.into_iter().filter(|_| ipv6);
                v4.chain(v6).map(Into::into).collect()
            }
            Self::Servers(servers) => servers.clone(),
        }
    }
}

//! The kind of network a file is for.

use crate::document::{Nameserver, Text};

/// The kind of network the file is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// No rewriting: overrides only.
    #[default]
    None,
    /// The container shares the host's network: overrides only.
    Host,
    /// A network without a resolver of its own: what works only on the host is dropped.
    Legacy {
        /// Whether the network has IPv6.
        ipv6: bool,
    },
    /// A network with the daemon's own resolver: it alone is listed, the others become its
    /// upstreams.
    Internal {
        /// The resolver's address inside the container; Docker uses `127.0.0.11`.
        nameserver: Nameserver,
        /// Options the resolver needs, such as `ndots:0`; an option that is there already is kept.
        required_options: Vec<Text>,
    },
}

//! What the kernel knows of one link.

use std::ffi::{OsStr, OsString};

use super::address::Address;
use super::flags::LinkFlags;
use super::hardware::{HardwareAddress, LinkType, OperationalState};

/// One network link.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What kind of hardware it speaks to.
    pub link_type: LinkType,
    /// Its hardware address; `None` for a link without one, such as some tunnels.
    pub hardware_address: Option<HardwareAddress>,
    /// Whether it can carry packets; `None` where the kernel does not say.
    pub operational_state: Option<OperationalState>,
    /// The number of the link it is a port of, such as a bridge.
    pub master: Option<u32>,
    /// Largest packet in bytes.
    pub mtu: Option<u32>,
}

impl Link {
    /// A link without any other fact, for a test of your own.
    pub fn new(ifindex: u32, name: impl Into<OsString>) -> Self {
        Self {
            ifindex,
            name: name.into(),
            altnames: Vec::new(),
            flags: LinkFlags::default(),
            link_type: LinkType::NONE,
            hardware_address: None,
            operational_state: None,
            master: None,
            mtu: None,
        }
    }

    /// Whether `name` is its name or one of its alternative names.
    pub fn is_named(&self, name: &OsStr) -> bool {
        self.name == name || self.altnames.iter().any(|altname| altname == name)
    }

    /// Whether it is switched on. It may still have no carrier: see
    /// [`is_running`](Self::is_running).
    pub fn is_up(&self) -> bool {
        self.flags.contains(LinkFlags::UP)
    }

    /// Whether packets can pass.
    pub fn is_running(&self) -> bool {
        self.flags.contains(LinkFlags::RUNNING)
    }

    /// Whether it is the loopback link.
    pub fn is_loopback(&self) -> bool {
        self.flags.contains(LinkFlags::LOOPBACK)
    }

    /// Whether it is a point-to-point link.
    pub fn is_point_to_point(&self) -> bool {
        self.flags.contains(LinkFlags::POINTOPOINT)
    }
}

/// The answer for one link: the link, if it exists, and its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkAddrs {
    /// The link's name. Where the link does not exist: the name that was asked for, and no bytes
    /// if it was asked for by number.
    pub name: OsString,
    /// The link; `None` when there is no such link.
    pub link: Option<Link>,
    /// Its addresses in the kernel's order, IPv4 first. A missing link has none, and so may a link.
    pub addrs: Vec<Address>,
    /// False only if torn answers were accepted and this is one: an address may be missing.
    pub whole: bool,
}

impl LinkAddrs {
    /// The answer for a link that exists.
    pub fn new(link: Link, addrs: Vec<Address>) -> Self {
        Self {
            name: link.name.clone(),
            link: Some(link),
            addrs,
            whole: true,
        }
    }

    /// The answer for a link that does not exist.
    pub fn missing(name: impl Into<OsString>) -> Self {
        Self {
            name: name.into(),
            link: None,
            addrs: Vec::new(),
            whole: true,
        }
    }

    /// Whether the link exists.
    pub fn found(&self) -> bool {
        self.link.is_some()
    }

    /// The link's number, if it exists.
    pub fn ifindex(&self) -> Option<u32> {
        self.link.as_ref().map(|link| link.ifindex)
    }

    pub(crate) fn torn(mut self) -> Self {
        self.whole = false;
        self
    }
}

//! Links, addresses and events as JSON.

use daemon_host::ifaddrs::{Address, Event, Link, LinkAddrs};
use serde::Serialize;

use crate::output::{Bytes, hex_list_if_needed};

/// The answer to `addrs --json`.
#[derive(Serialize)]
pub(super) struct Listing<'l> {
    links: Vec<LinkJson<'l>>,
}

impl<'l> Listing<'l> {
    pub(super) fn new(links: &'l [LinkAddrs]) -> Self {
        Self {
            links: links.iter().map(LinkJson::new).collect(),
        }
    }
}

/// One link with its addresses.
#[derive(Serialize)]
pub(crate) struct LinkJson<'l> {
    #[serde(flatten)]
    name: Bytes<'l>,
    ifindex: Option<u32>,
    found: bool,
    #[serde(flatten)]
    facts: Option<Facts<'l>>,
    addrs: &'l [Address],
}

impl<'l> LinkJson<'l> {
    pub(crate) fn new(answer: &'l LinkAddrs) -> Self {
        // A link that was asked for by an alternative name is shown by its own name.
        let name = answer.link.as_ref().map_or(&answer.name, |link| &link.name);
        Self {
            name: Bytes::text("name", name),
            ifindex: answer.ifindex(),
            found: answer.found(),
            facts: answer.link.as_ref().map(Facts::new),
            addrs: &answer.addrs,
        }
    }
}

/// What is known about a link besides its name and number.
#[derive(Serialize)]
struct Facts<'l> {
    altnames: Vec<std::borrow::Cow<'l, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    altnames_hex: Option<Vec<String>>,
    flags: Vec<&'static str>,
    link_type: String,
    hardware_address: Option<String>,
    operational_state: Option<String>,
    master: Option<u32>,
    mtu: Option<u32>,
}

impl<'l> Facts<'l> {
    fn new(link: &'l Link) -> Self {
        Self {
            altnames: link
                .altnames
                .iter()
                .map(|name| name.to_string_lossy())
                .collect(),
            altnames_hex: hex_list_if_needed(&link.altnames),
            flags: link.flags.names().collect(),
            link_type: link.link_type.to_string(),
            hardware_address: link.hardware_address.map(|address| address.to_string()),
            operational_state: link.operational_state.map(|state| state.to_string()),
            master: link.master,
            mtu: link.mtu,
        }
    }
}

/// A link, as an event shows it.
#[derive(Serialize)]
pub(super) struct ToldLink<'l> {
    #[serde(flatten)]
    name: Bytes<'l>,
    ifindex: u32,
    #[serde(flatten)]
    facts: Facts<'l>,
}

/// An address, as an event shows it, with the number of its link.
#[derive(Serialize)]
pub(super) struct ToldAddress<'l> {
    #[serde(flatten)]
    address: &'l Address,
    ifindex: u32,
}

/// An event of `addrs --watch`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum EventJson<'l> {
    Snapshot { links: Vec<LinkJson<'l>> },
    Link { link: ToldLink<'l> },
    LinkGone { link: ToldLink<'l> },
    Address { address: ToldAddress<'l> },
    AddressGone { address: ToldAddress<'l> },
    Other,
}

impl<'l> EventJson<'l> {
    pub(super) fn new(event: &'l Event) -> Self {
        match event {
            Event::Snapshot(links) => Self::Snapshot {
                links: links.iter().map(LinkJson::new).collect(),
            },
            Event::Link(link) => Self::Link {
                link: told_link(link),
            },
            Event::LinkGone(link) => Self::LinkGone {
                link: told_link(link),
            },
            Event::Address(address) => Self::Address {
                address: told_address(address),
            },
            Event::AddressGone(address) => Self::AddressGone {
                address: told_address(address),
            },
            _ => Self::Other,
        }
    }
}

fn told_link(link: &Link) -> ToldLink<'_> {
    ToldLink {
        name: Bytes::text("name", &link.name),
        ifindex: link.ifindex,
        facts: Facts::new(link),
    }
}

fn told_address(address: &Address) -> ToldAddress<'_> {
    ToldAddress {
        address,
        ifindex: address.ifindex,
    }
}

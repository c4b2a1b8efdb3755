//! The network of the namespaces: the addresses at which the name server answers.

use std::net::IpAddr;

use anyhow::Result;

use super::call::command;

/// Where the name server answers.
const ADDRESSES: [&str; 15] = [
    "127.0.0.1",
    "::1",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "192.0.2.4",
    "192.0.2.5",
    "192.0.2.6",
    "192.0.2.7",
    "192.0.2.8",
    "192.0.2.9",
    "192.0.0.2",
    "192.0.2.0",
    "2001:db8::1",
    "fe80::1",
];

/// The links, by name and number, as readers see them.
pub(super) const LINKS: [(&str, u32); 2] = [("lo", 1), (LINK, 2)];

const LINK: &str = "eth0";

/// Sets the network up, and gives the addresses.
///
/// Some readers ask nobody while there is no link besides loopback. One half of a pair is a link
/// that is up; the first half to be made gets the lowest number.
pub(super) fn network() -> Result<Vec<IpAddr>> {
    command("ip", &["link", "set", "lo", "up"])?;
    let pair = ["link", "add", "peer0", "type", "veth", "peer", "name", LINK];
    command("ip", &pair)?;
    for link in [LINK, "peer0"] {
        command("ip", &["link", "set", link, "up"])?;
    }
    command("ip", &["addr", "add", "198.51.100.1/24", "dev", LINK])?;
    let mut all = Vec::new();
    for address in ADDRESSES {
        let address: IpAddr = address.parse()?;
        let (prefix, link, words) = match address {
            IpAddr::V4(_) => (32, "lo", &[][..]),
            IpAddr::V6(v6) if v6.is_unicast_link_local() => (64, LINK, &["nodad"][..]),
            IpAddr::V6(_) => (128, "lo", &["nodad"][..]),
        };
        if !address.is_loopback() {
            let prefix = format!("{address}/{prefix}");
            let add = ["addr", "add", &prefix, "dev", link];
            command("ip", &[&add, words].concat())?;
        }
        all.push(address);
    }
    Ok(all)
}

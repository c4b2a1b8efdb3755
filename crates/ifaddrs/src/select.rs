//! Which of a bridge's addresses a container daemon takes for its default network. Pure.

use std::net::{IpAddr, Ipv6Addr};

use crate::facts::Prefix;

/// Who made the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BridgeOwner {
    /// The daemon itself: an address that no longer fits the configuration may be dropped or widened.
    Daemon,
    /// The user: its addresses stand as they are.
    User,
}

/// The bridge's address that was selected, and the network it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BridgeAddress {
    /// The bridge's own address, the containers' gateway.
    pub address: IpAddr,
    /// The network, host bits cleared.
    pub subnet: Prefix,
}

/// Selects a bridge's address by moby's rules; `None` when a new one is to be allocated.
///
/// `addrs` are the addresses of one family in the kernel's order, see
/// [`Address::prefix`](crate::Address::prefix); `fixed_cidr` is the configured range for containers.
///
/// 1. The standard link-local network `fe80::/64` does not count, unless `fixed_cidr` is that network.
/// 2. The first address counts. With several and a `fixed_cidr`: the first whose network holds the range's
///    address, else the first that lies inside the range.
/// 3. On the daemon's own bridge an address that has nothing to do with `fixed_cidr` is ignored, and where
///    `fixed_cidr` is the bigger network it is the answer's.
///
/// # Examples
///
/// ```
/// use ifaddrs::{BridgeOwner, select_bridge_address};
///
/// let addrs = ["10.1.0.1/24".parse()?, "10.2.0.1/24".parse()?];
/// let fixed_cidr = Some("10.2.0.128/25".parse()?);
/// let chosen = select_bridge_address(&addrs, fixed_cidr, BridgeOwner::User).unwrap();
/// assert_eq!(chosen.subnet, "10.2.0.0/24".parse()?);
/// # Ok::<(), ifaddrs::Error>(())
/// ```
#[must_use]
pub fn select_bridge_address(
    addrs: &[Prefix],
    fixed_cidr: Option<Prefix>,
    owner: BridgeOwner,
) -> Option<BridgeAddress> {
    let link_local_wanted = fixed_cidr.is_some_and(is_standard_link_local);
    let counting: Vec<Prefix> = addrs
        .iter()
        .copied()
        .filter(|addr| link_local_wanted || !is_standard_link_local(*addr))
        .collect();
    let chosen = pick(&counting, fixed_cidr)?;
    let subnet = match (owner, fixed_cidr) {
        (BridgeOwner::User, _) | (_, None) => chosen,
        (BridgeOwner::Daemon, Some(fixed)) => {
            if !chosen.contains(fixed.addr()) && !fixed.contains(chosen.addr()) {
                return None;
            }
            if fixed.len() < chosen.len() {
                fixed
            } else {
                chosen
            }
        }
    };
    Some(BridgeAddress {
        address: chosen.addr(),
        subnet: subnet.network(),
    })
}

fn pick(addrs: &[Prefix], fixed_cidr: Option<Prefix>) -> Option<Prefix> {
    let first = *addrs.first()?;
    let Some(fixed) = fixed_cidr else {
        return Some(first);
    };
    let holds = addrs.iter().find(|addr| addr.contains(fixed.addr()));
    let inside = || addrs.iter().find(|addr| fixed.contains(addr.addr()));
    Some(holds.or_else(inside).copied().unwrap_or(first))
}

fn is_standard_link_local(prefix: Prefix) -> bool {
    let fe80 = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0));
    prefix.len() == 64 && prefix.network().addr() == fe80
}

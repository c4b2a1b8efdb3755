//! Shows a bridge's addresses, and which of them a container daemon would take for its network:
//! `cargo run -p ifaddrs --example bridge -- docker0 [FIXED_CIDR]`. Needs no privilege.

#![allow(clippy::print_stdout)] // an example shows something

use std::error::Error;

use ifaddrs::{Address, BridgeOwner, Prefix, select_bridge_address};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next().unwrap_or("lo".into());
    let fixed_cidr = match arguments.next() {
        Some(text) => Some(text.to_string_lossy().parse::<Prefix>()?),
        None => None,
    };
    let bridge = ifaddrs::addrs(&name)?;
    if !bridge.found() {
        println!("no link {name:?}: a daemon would make it");
        return Ok(());
    }
    for address in &bridge.addrs {
        let flags: Vec<_> = address.flag_names().collect();
        println!("{address} scope {} {}", address.scope, flags.join(" "));
    }
    let v4 = bridge.addrs.iter().filter(|one| one.address.is_ipv4());
    let v4: Vec<_> = v4.map(Address::prefix).collect();
    match select_bridge_address(&v4, fixed_cidr, BridgeOwner::User) {
        Some(chosen) => println!("gateway {}, network {}", chosen.address, chosen.subnet),
        None => println!("no IPv4 address: a daemon would allocate one"),
    }
    Ok(())
}

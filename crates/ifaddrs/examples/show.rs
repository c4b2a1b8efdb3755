//! Shows a link and its addresses: `cargo run -p ifaddrs --example show -- docker0`.
//! Needs no privilege.

#![allow(clippy::print_stdout)] // an example shows something

fn main() -> Result<(), ifaddrs::Error> {
    let name = std::env::args_os().nth(1).unwrap_or("lo".into());
    let answer = ifaddrs::addrs(&name)?;
    let Some(link) = &answer.link else {
        println!("no link {name:?}");
        return Ok(());
    };
    let flags: Vec<_> = link.flags.names().collect();
    println!("{}: {:?} {}", link.ifindex, link.name, flags.join(" "));
    for address in &answer.addrs {
        let flags: Vec<_> = address.flag_names().collect();
        println!("  {address} scope {} {}", address.scope, flags.join(" "));
    }
    Ok(())
}

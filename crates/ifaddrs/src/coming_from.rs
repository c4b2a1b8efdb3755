//! Coming from another crate: the call there, the call here, and what differs in the answer.
//!
//! Each line is compiled and run as a test of this page.
//!
//! # if-addrs
//!
//! ```
//! // There:
//! for interface in if_addrs::get_if_addrs().unwrap() {
//!     println!("{} {} {}", interface.name, interface.ip(), interface.is_loopback());
//! }
//! // Here:
//! for link in ifaddrs::all()? {
//!     let is_loopback = link.link.as_ref().is_some_and(|link| link.is_loopback());
//!     for address in &link.addrs {
//!         println!("{:?} {} {is_loopback}", link.name, address.address);
//!     }
//! }
//! # Ok::<(), ifaddrs::Error>(())
//! ```
//!
//! * There an address with a label is named by its label (`eth0:1`), here by its link; the label is
//!   [`Address::label`](crate::Address::label).
//! * There links without an address are missing; here they are listed with no addresses.
//! * There the order is that of all addresses; here it goes by link.
//!   [`all_addrs`](crate::all_addrs) has the order of there.
//! * `netmask` is [`Address::netmask`](crate::Address::netmask), `broadcast` is
//!   [`Address::broadcast`](crate::Address::broadcast), `index` is
//!   [`Address::ifindex`](crate::Address::ifindex).
//!
//! # `getifaddrs(3)`, by nix
//!
//! ```
//! // There:
//! let there = nix::ifaddrs::getifaddrs().unwrap();
//! let there = there.filter(|entry| entry.interface_name == "lo");
//! println!("{}", there.count());
//! // Here, without asking about the other links:
//! let here = ifaddrs::addrs("lo")?.addrs;
//! println!("{}", here.len());
//! # Ok::<(), ifaddrs::Error>(())
//! ```
//!
//! * There each link has an entry of its own family (`AF_PACKET`) besides those of its addresses.
//!   Here that is the [`Link`](crate::Link) with its
//!   [`hardware_address`](crate::Link::hardware_address).
//! * There `destination` holds the peer or the broadcast address; here they are two members.
//! * There flags of addresses, scopes and lifetimes are missing.
//! * The order of all addresses is the same as of [`all_addrs`](crate::all_addrs).
//!
//! # rtnetlink
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! use futures_util::TryStreamExt;
//!
//! // There:
//! let (connection, handle, _) = rtnetlink::new_connection().unwrap();
//! let connection = tokio::spawn(connection);
//! let mut links = handle.link().get().match_name("lo".to_owned()).execute();
//! let index = links.try_next().await.unwrap().unwrap().header.index;
//! let request = handle.address().get().set_link_index_filter(index);
//! let there: Vec<_> = request.execute().try_collect().await.unwrap();
//! connection.abort();
//! // Here, with the same socket type (feature `tokio`):
//! # #[cfg(feature = "tokio")] {
//! let mut handle = ifaddrs::AsyncHandle::open(&ifaddrs::ListOptions::new())?;
//! let here = handle.addrs("lo").await?;
//! # assert_eq!(there.len(), here.addrs.len());
//! # }
//! # Ok::<(), ifaddrs::Error>(())
//! # }).unwrap();
//! ```
//!
//! * There each attribute is an item of a list; here they are members of
//!   [`Address`](crate::Address), with peer and local address sorted out.
//! * There a missing link is an error (`ENODEV`), here an answer
//!   ([`found`](crate::LinkAddrs::found) is false).
//! * There a dump that was disturbed is given as it came; here it is proved whole or refused.
//! * There a connection runs as a task of its own; here nothing runs between two questions.
//!
//! # netlink-packet-route, on a socket of your own
//!
//! ```
//! use ifaddrs::{Body, decode};
//!
//! # let datagram: &[u8] = &[];
//! for message in decode(datagram) {
//!     if let Body::Address(address) = message?.body {
//!         println!("{address}");
//!     }
//! }
//! # Ok::<(), ifaddrs::Error>(())
//! ```
//!
//! # vishvananda/netlink (Go)
//!
//! | there | here |
//! |---|---|
//! | `LinkByName(name)` | [`Handle::link`](crate::Handle::link) |
//! | `AddrList(link, FAMILY_ALL)` | [`Handle::addrs_by_index`](crate::Handle::addrs_by_index) |
//! | `AddrList(nil, FAMILY_ALL)` | [`all_addrs`](crate::all_addrs) |
//! | `addr.IPNet`, `addr.Peer` | [`Address::prefix`](crate::Address::prefix), [`Address::peer`](crate::Address::peer) |
//! | `NewHandleAt(ns)` | [`Handle::open`](crate::Handle::open) with [`Namespace::of`](crate::Namespace::of) |
//! | `AddrSubscribe`, `LinkSubscribe` | [`Watcher`](crate::Watcher): both, in the kernel's order |
//! | `ErrDumpInterrupted` | [`ErrorKind::Torn`](crate::ErrorKind::Torn), after many attempts |

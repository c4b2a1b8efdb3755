//! Lists the addresses of network links over rtnetlink, filtered in the kernel, never torn.
//!
//! For daemons and tools that need all facts of one link's addresses, also on hosts with ten thousand
//! others, and a plain answer when the link is not there.
//!
//! ```
//! let lo = ifaddrs::addrs("lo")?;
//! for address in &lo.addrs {
//!     // As `ip addr` writes it: 127.0.0.1/8, or 10.0.0.1 peer 10.0.0.2/32.
//!     println!("{address} scope {} {:?}", address.scope, address.flags);
//! }
//! assert!(!ifaddrs::addrs("no-such-link")?.found());
//! # Ok::<(), ifaddrs::Error>(())
//! ```
//!
//! # Overview
//!
//! * [`addrs`] and [`all`] answer one question each. A [`Handle`] answers many over one socket, by name, by
//!   alternative name, by number, and in another network namespace ([`Namespace`]).
//! * An answer is a [`LinkAddrs`]: the [`Link`], if it exists, and each [`Address`] with peer, broadcast, label,
//!   scope, flags, lifetimes and origin.
//! * A [`Watcher`] gives the present state and then each change.
//! * [`decode()`] is the decoder behind it all, for captures and fuzzing.
//!
//! # When not to use this
//!
//! To list every local address and nothing more, `getifaddrs(3)` does, by any of its wrappers. This crate
//! changes nothing: to add addresses use rtnetlink. To turn a number into a name use `if_indextoname(3)`.
//!
//! # Privileges and kernels
//!
//! | for | needs | since kernel | without |
//! |---|---|---|---|
//! | listing, watching | nothing | 2.6 | – |
//! | filter by link in the kernel | nothing | 4.20 | all addresses of the host are dumped, and picked from here |
//! | alternative names | nothing | 5.5 | there are none |
//! | who set an address | nothing | 5.18 | [`Address::protocol`] is `None` |
//! | another network namespace | `CAP_SYS_ADMIN` in both user namespaces | 3.0 | [`ErrorKind::Denied`] |
//!
//! # Whole answers
//!
//! A dump that needs more than one datagram (some 400 addresses) can lose addresses that were there all the
//! time, when others are removed meanwhile, and a filtered dump does not say so. Here the change events of
//! the same time are held against it: where nothing was removed it is whole; else it is taken again,
//! with its datagrams cut elsewhere, until the pieces prove each other. An answer that cannot be proved is an
//! error of kind [`Torn`](ErrorKind::Torn), unless [`Options::accept_torn`] asks for it.
//!
//! # Errors and empty answers
//!
//! A link that does not exist is an answer ([`LinkAddrs::found`] is false), told from a link without addresses.
//! A name that cannot be a link's is an error, and so is an answer that cannot be understood.
//!
//! # Limitations
//!
//! * The answer is of the moment when it was given. Numbers of removed links are used again in time.
//! * Addresses in state tentative, dadfailed or deprecated are listed like others: look at the flags.
//! * Order is the kernel's. Of addresses that changed during the listing the order may differ.
//! * While a large listing is taken, the socket joins the groups for address changes.
//!
//! # Logging
//!
//! With the feature `tracing`: target `ifaddrs::…`, level debug: fallbacks and repeated listings.
//!
//! # Compared with moby
//!
//! The same reading of peers. moby dumps the whole host for each
//! question, takes an interrupted dump as good after five tries, and cannot tell a missing link from an
//! empty one. The list of differences is `PARITY.md`.
//!
//! # Crate features
//!
//! * `tokio`: [`AsyncHandle`] and [`AsyncWatcher`], the same over tokio.
//! * `serde`: `Serialize` for [`Prefix`], [`Address`], [`Link`] and [`LinkAddrs`].
//! * `tracing`: logging.
//!
//! # MSRV
//!
//! Rust 1.85. Linux only.

#![forbid(unsafe_code)]

#[cfg(feature = "tokio")]
mod asynchronous;
mod error;
mod facts;
mod handle;
mod listing;
mod log;
mod options;
mod socket;
mod watch;
mod wire;

#[cfg(feature = "tokio")]
pub use crate::asynchronous::{AsyncHandle, AsyncWatcher};
pub use crate::error::{Error, ErrorKind};
pub use crate::facts::{
    Address, AddressFlags, Link, LinkAddrs, LinkFlags, Prefix, Protocol, Scope,
};
pub use crate::handle::{Handle, addrs, all};
pub use crate::options::Options;
pub use crate::socket::Namespace;
pub use crate::watch::{Event, Watcher};
pub use crate::wire::{Body, Message, decode};

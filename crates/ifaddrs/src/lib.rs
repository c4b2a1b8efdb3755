//! Lists the addresses of network links over rtnetlink, filtered in the kernel, never torn.
//!
//! For daemons and tools that need all facts about the addresses of one link, even on a host with
//! ten thousand links. A link that does not exist is a plain answer.
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
//! * [`addrs`], [`addrs_by_index`], [`all`] and [`all_addrs`] answer one question each. A
//!   [`Handle`] answers many over one socket, also in another network namespace ([`Namespace`]).
//! * An answer is a [`LinkAddrs`]: the [`Link`], if it exists, and each [`Address`] with peer,
//!   broadcast, label, scope, flags, lifetimes and origin. [`all_addrs`] gives the addresses of all
//!   links in one list ([`AllAddrs`]), in the kernel's order.
//! * A [`Watcher`] gives the present state and then each change.
//! * [`decode()`] is the decoder behind it all, for captures and fuzzing.
//! * [`coming_from`] shows the calls of other crates, and what to call here instead.
//!
//! # When not to use this
//!
//! To list every local address and nothing more, call `getifaddrs(3)` through any of its wrappers.
//! This crate changes nothing: to add addresses use rtnetlink. To turn a number into a name use
//! `if_indextoname(3)`.
//!
//! # Privileges and kernels
//!
//! | for | needs | since kernel | without |
//! |---|---|---|---|
//! | listing, watching | nothing | 2.6 | – |
//! | filter by link in the kernel | nothing | 4.20 | all addresses are dumped, and picked from here |
//! | alternative names | nothing | 5.5 | links have none |
//! | who set an address | nothing | 5.18 | [`Address::protocol`] is `None` |
//! | another network namespace | `CAP_SYS_ADMIN` in both user namespaces | 3.0 | [`ErrorKind::Denied`] |
//!
//! # Whole answers
//!
//! A dump of more than some 400 addresses needs several datagrams. When addresses are removed
//! meanwhile, it can lose others that were there all the time. A filtered dump does not say so.
//! This crate compares the dump with the change events of the same time. If nothing was removed,
//! the dump is whole. Otherwise it is taken again, with its datagrams cut elsewhere, until the
//! pieces prove each other. An answer that cannot be proved is an error of kind
//! [`Torn`](ErrorKind::Torn), unless [`ListOptions::accept_torn`] asks for it.
//!
//! # Errors and empty answers
//!
//! A link that does not exist is an answer: [`LinkAddrs::found`] is false. A link without addresses
//! is another one. A name that cannot be a link's is an error, and so is an answer that cannot be
//! understood. The namespace of a process is found in procfs. If something is mounted over that
//! place, the answer is [`ErrorKind::Untrusted`], and never that there is no such namespace. An
//! [`Error`] becomes a `std::io::Error` by `?`.
//!
//! # Limitations
//!
//! * The answer is of the moment when it was given. Numbers of removed links are used again in
//!   time.
//! * Addresses in state tentative, dadfailed or deprecated are listed like others: look at the
//!   flags.
//! * The order is the kernel's: within a link, and with [`all_addrs`] over all links. Addresses
//!   that changed during the listing may stand elsewhere.
//! * Without a procfs that can be believed, a [`Handle`] for the current namespace serves the
//!   thread that uses it, in the namespace of that thread.
//! * While a large listing is taken, the socket joins the groups for address changes.
//!
//! # Logging
//!
//! With the feature `tracing`: target `ifaddrs::…`, level debug: fallbacks and repeated listings.
//!
//! # Compared with moby
//!
//! Peers are read as moby reads them. moby dumps the whole host for each question, and accepts an
//! interrupted dump after five tries. For moby a missing link and an empty one are the same. The
//! list of differences is `PARITY.md`.
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
pub mod coming_from;
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
    Address, AddressFlags, AllAddrs, HardwareAddress, Label, Link, LinkAddrs, LinkFlags, LinkType,
    OperationalState, Prefix, Protocol, Scope,
};
pub use crate::handle::{Handle, addrs, addrs_by_index, all, all_addrs};
pub use crate::options::ListOptions;
pub use crate::socket::{Namespace, Procfs};
pub use crate::watch::{Event, Watcher};
pub use crate::wire::{Body, Message, decode};

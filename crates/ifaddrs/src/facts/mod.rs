//! Links and addresses as values. This room is pure: it makes no system call.

mod address;
mod flags;
mod link;
mod prefix;
#[cfg(feature = "serde")]
mod serialize;

pub(crate) use address::Key;
pub use address::{Address, AddressFlags, Protocol, Scope};
pub use link::{Link, LinkAddrs, LinkFlags};
pub use prefix::Prefix;

//! Links and addresses as values. This room is pure: it makes no system call.

mod address;
mod flags;
mod hardware;
mod label;
mod link;
mod prefix;
mod scope;
#[cfg(feature = "serde")]
mod serialize;
mod words;

pub(crate) use address::Key;
pub use address::{Address, AllAddrs};
pub use flags::{AddressFlags, LinkFlags};
pub use hardware::{HardwareAddress, LinkType, OperationalState};
pub use label::Label;
pub use link::{Link, LinkAddrs};
pub use prefix::Prefix;
pub use scope::{Protocol, Scope};

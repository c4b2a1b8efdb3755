//! The sockets for the questions, and the network namespace that they are made in.

mod blocking;
mod namespace;
mod netns;
mod procfs;
#[cfg(feature = "tokio")]
mod tokio;
mod transport;

#[cfg(feature = "tokio")]
pub(crate) use self::tokio::Tokio;
pub(crate) use blocking::{Blocking, block};
pub use namespace::Namespace;
pub use procfs::Procfs;
pub(crate) use transport::{ADDRESSES, BUFFER, LINKS, Transport, receive_now};

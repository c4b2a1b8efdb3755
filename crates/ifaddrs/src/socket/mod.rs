//! The sockets that questions go over, and the network namespace in which they are made.

mod blocking;
mod namespace;
mod netns;
#[cfg(feature = "tokio")]
mod tokio;
mod transport;

#[cfg(feature = "tokio")]
pub(crate) use self::tokio::Tokio;
pub(crate) use blocking::{Blocking, block};
pub use namespace::Namespace;
pub(crate) use transport::{ADDRESSES, BUFFER, LINKS, Transport, receive_now};

//! The sockets that questions go over, and the network namespace in which they are made.

mod netns;
mod transport;

pub(crate) use netns::Home;
pub use netns::Namespace;
pub(crate) use transport::{ADDRESSES, BUFFER, Blocking, LINKS, Transport, block, receive_now};
#[cfg(feature = "tokio")]
pub(crate) use transport::{Bound, accept, prepare};

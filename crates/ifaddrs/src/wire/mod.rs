//! The bytes of netlink: requests into bytes, answers into values.
//! This room is pure: it makes no system call.

mod decode;
mod encode;
mod framing;

pub(crate) use decode::messages;
pub use decode::{Body, Message, decode};
pub(crate) use encode::{Which, dump_addresses, dump_links, get_link};
pub(crate) use framing::Malformed;
#[cfg(test)]
pub(crate) use framing::u32_at;

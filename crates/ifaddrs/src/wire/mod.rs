//! The bytes of netlink: requests into bytes, answers into values.
//! This room is pure: it makes no system call.

mod address;
mod decode;
mod encode;
mod framing;
mod link;
mod numbers;

pub(crate) use address::address;
pub(crate) use decode::{Answer, answer, body, messages};
pub use decode::{Body, Message, decode};
pub(crate) use encode::{Which, dump_addresses, dump_links, get_link};
#[cfg(test)]
pub(crate) use framing::u32_at;
pub(crate) use framing::{Frame, Malformed, frames};
pub(crate) use link::link;
pub(crate) use numbers::{RTM_NEWADDR, RTM_NEWLINK};

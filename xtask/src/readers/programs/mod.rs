//! The programs that read resolv.conf: where they come from, and how each looks a name up.

mod dnsmasq;
mod find;
mod haproxy;
mod kept;
mod libraries;
mod program;
mod resolved;
mod trees;

pub(super) use find::programs;
pub(super) use kept::Kept;
pub(super) use program::{Known, Program};
pub(super) use trees::prepare;

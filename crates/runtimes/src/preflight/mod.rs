//! Whether a program can start here and now. Looks, never runs anything.

mod elf;
mod fault;
mod formats;
mod header;
mod image;
mod locate;
mod programs;
mod script;
mod start;

pub use fault::PreflightFault;
pub use locate::locate;
pub(crate) use locate::{Identity, access, executable};
pub(crate) use programs::{Programs, identified};
pub use start::can_start;
pub(crate) use start::shim_can_start;

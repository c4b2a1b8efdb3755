//! Whether a program can start here and now. Looks, never runs anything.

mod elf;
mod fault;
mod formats;
mod header;
mod image;
mod locate;
mod look;
mod script;
mod start;

pub use fault::PreflightFault;
pub use locate::locate;
pub(crate) use locate::{Identity, Search, access, executable};
pub(crate) use look::{Asked, Looked, look_at};
pub use start::can_start;

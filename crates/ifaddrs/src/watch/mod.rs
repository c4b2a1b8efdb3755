//! Following changes: the present state first, then what changes.

mod following;
mod watcher;

pub use following::Event;
#[cfg(feature = "tokio")]
pub(crate) use following::Following;
pub use watcher::Watcher;

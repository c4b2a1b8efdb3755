//! Follows a mount table as it changes. The room asks the kernel and waits.

pub(crate) mod options;
mod place;
mod wake;
pub(crate) mod watcher;

//! Who keeps a mount busy.

pub(crate) mod find;
pub(crate) mod processes;
pub(crate) mod unpopulated;

//! Who keeps a mount busy.

pub(crate) mod find;
pub(crate) mod maps;
pub(crate) mod process_view;
pub(crate) mod processes;
pub(crate) mod residents;
pub(crate) mod unpopulated;

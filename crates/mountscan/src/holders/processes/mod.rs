//! The processes of a machine as procfs shows them, and whether they run. The room reads procfs.

pub(crate) mod listing;
pub(crate) mod member;
pub(crate) mod process_view;
pub(crate) mod repeats;
pub(crate) mod stat;

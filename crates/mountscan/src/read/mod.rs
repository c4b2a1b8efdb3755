//! Reading tables from the kernel: by text of mountinfo, or by listing ids and asking about each.

mod answers;
pub(crate) mod by_ids;
pub(crate) mod by_source;
pub(crate) mod extent;
mod listing;
pub(crate) mod mountinfo;
pub(crate) mod refresh;
pub(crate) mod resolve;
pub(crate) mod subtree;
pub(crate) mod thread;

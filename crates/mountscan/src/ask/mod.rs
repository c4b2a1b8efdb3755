//! Asking about mounts one by one: by path, or by a list of ids. The room asks the kernel.

mod answers;
pub(crate) mod by_ids;
mod id_maps;
mod listing;
pub(crate) mod mount_list;
pub(crate) mod resolve;
pub(crate) mod subtree;
pub(crate) mod thread;

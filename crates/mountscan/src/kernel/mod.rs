//! What the kernel says about mounts when it is asked. Nothing here mounts or unmounts.

pub(crate) mod fanotify;
pub(crate) mod identity;
pub(crate) mod proc_root;
pub(crate) mod procfs;
pub(crate) mod queries;
mod row_text;
pub(crate) mod statmount;
pub(crate) mod sys;
pub(crate) mod witness;

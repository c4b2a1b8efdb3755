//! Reads whole tables: from mountinfo, from a namespace, and again. The room asks the kernel.

pub(crate) mod by_process;
pub(crate) mod by_source;
pub(crate) mod extent;
pub(crate) mod mountinfo;
pub(crate) mod refresh;

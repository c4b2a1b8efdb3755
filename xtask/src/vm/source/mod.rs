//! Where kernels and runtimes come from: the cache, else apt, by the lock file.

pub(crate) mod cache;
pub(crate) mod fetch;
pub(crate) mod kernel_parts;
pub(crate) mod lock;
pub(crate) mod provided;
pub(crate) mod runtimes;
pub(crate) mod series;

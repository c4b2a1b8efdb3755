//! The start of a host. The builder acts: it takes the locks, sweeps and prepares.

mod builder;
mod lock;

pub use builder::HostBuilder;
pub(crate) use builder::sweep;
pub(crate) use lock::Locks;

//! The start of a host. It acts: it takes the locks, sweeps, prepares the data root and
//! loads the runtimes.

mod builder;
mod directories;
mod lock;
mod parts;
mod setup;
mod steps;

pub use builder::HostBuilder;
pub(crate) use lock::Locks;
pub(crate) use parts::Parts;

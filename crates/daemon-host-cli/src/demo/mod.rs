//! `demo`: the whole life of a daemon in a few seconds, in namespaces of its own.
//!
//! Everything happens in a user, mount and network namespace that this process makes for itself, on
//! a tmpfs that only it sees. When the process ends, for any reason, the kernel removes all of it.
//! Its children end with it, and nothing has to be cleaned up.

mod acts;
mod roles;
mod stage;

pub(crate) use roles::{Args, run};

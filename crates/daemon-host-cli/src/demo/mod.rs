//! `demo`: the whole life of a daemon in a few seconds, in namespaces of its own.
//!
//! Everything happens in a user, mount and network namespace that this process makes
//! for itself, on a tmpfs that only it sees. When it ends, however it ends, the kernel
//! takes all of it away: its children die with it, and nothing is left to clean up.

mod acts;
mod roles;
mod stage;

pub(crate) use roles::{Args, run};

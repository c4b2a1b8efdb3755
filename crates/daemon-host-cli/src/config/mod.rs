//! Which daemon.json a subcommand reads: the one that was named, or the one in use here.

mod args;
mod choose;
mod in_use;

pub(crate) use args::{ConfigArgs, ConfigText};

//! `root`: the daemon's data root: its state, and what changes it.

mod cleanup;
mod command;
mod prepare;
mod roots;
mod status;

pub(crate) use command::{Command, run};
pub(crate) use roots::RootArgs;
pub(crate) use status::is_doubtful;

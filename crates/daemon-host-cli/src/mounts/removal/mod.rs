//! `mounts safe-to-remove`: whether a directory may be deleted. `judge` decides, `show` says it.

mod command;
mod judge;
mod reason;
mod show;

pub(super) use command::{Args, run};

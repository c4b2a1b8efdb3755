//! `run` is the reference daemon. `reload` asks it to read its configuration again.
//!
//! One thread waits for signals, and one for the control socket. Both give events to the main
//! thread, and only the main thread acts. So a reload and a shutdown never overlap.

mod answer;
mod args;
mod daemon;
mod doors;
mod event;
mod reload;

pub(crate) use args::{Args, CONTROL_SOCKET, ReloadArgs};
pub(crate) use daemon::run;
pub(crate) use reload::reload;

//! `addrs`: the addresses of a link, or of all links. It changes nothing.

mod command;
mod json;
mod netns;
mod table;
mod watch;

pub(crate) use command::{Args, run};
pub(crate) use json::LinkJson;
pub(crate) use table::table;

//! `mounts`: the mount table. It mounts and unmounts nothing.

mod command;
mod foreign;
mod holders;
mod list;
mod mount_json;
mod path;
mod peers;
mod remote;
mod removal;
mod sight;
mod table_text;
mod tree;
mod watch;

pub(crate) use command::{Command, run};
pub(crate) use list::read_table;
pub(crate) use remote::{is_network, is_remote};
pub(crate) use table_text::malformed_text;

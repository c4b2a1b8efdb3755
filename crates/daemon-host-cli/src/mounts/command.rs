//! The subcommands of `mounts`.

use super::{holders, list, peers, removal, watch};
use crate::exit::Exit;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The rows of a mount table.
    List(list::Args),
    /// The same as a tree.
    Tree(list::Args),
    /// Follow mounts and unmounts as they happen.
    Watch(watch::Args),
    /// Who keeps a mount busy: namespaces and processes that hold it.
    Holders(holders::Args),
    /// Whether a directory may be deleted: what is mounted there, shown elsewhere, or in use.
    SafeToRemove(removal::Args),
    /// Who gets mounts and unmounts, over all mount namespaces; as text, JSON or a picture.
    Peers(peers::Args),
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::List(args) => list::run(args, out),
        Command::Tree(args) => list::run_as_tree(args, out),
        Command::Watch(args) => watch::run(args, out),
        Command::Holders(args) => holders::run(args, out),
        Command::SafeToRemove(args) => removal::run(args, out),
        Command::Peers(args) => peers::run(args, out),
    }
}

//! The subcommands of `root`.

use super::{cleanup, prepare, status};
use crate::exit::Exit;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// What the data root is mounted on, who owns it, what is left below it.
    #[command(after_help = "\
Exit code 1 when something is left below the root, when it cannot be told whether the container
of a mount there lives, when an engine may be here that cannot be seen, or when the root's record
is not to be trusted. Other mounts below the root are named and are no finding: volumes, shares.

Examples:
  daemon-host root status
  daemon-host root status --data-root /srv/docker --json
  daemon-host root status --pid 812              in the mount namespace of that process")]
    Status(status::Args),
    /// Make the data root's mounts spread to other namespaces, and record what was done.
    #[command(after_help = "\
Sweep first (root cleanup): a mount at the root would hide what is left below it.

Examples:
  daemon-host root prepare --data-root /srv/docker --exec-root /run/docker")]
    Prepare(prepare::Args),
    /// Detach the data root's mount if, and only if, it is ours.
    #[command(after_help = "\
Examples:
  daemon-host root release --data-root /srv/docker --exec-root /run/docker")]
    Release(prepare::Args),
    /// Unmount what dead containers left below the data root.
    Cleanup(cleanup::Args),
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::Status(args) => status::run(args, out),
        Command::Prepare(args) => prepare::prepare(args, out),
        Command::Release(args) => prepare::release(args, out),
        Command::Cleanup(args) => cleanup::run(args, out),
    }
}

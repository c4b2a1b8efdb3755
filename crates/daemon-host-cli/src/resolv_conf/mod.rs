//! `resolv-conf`: the resolv.conf that containers get.

mod explain;
mod json;
mod judge;
mod lint;
mod read;
mod readers;
mod render;
mod select;
mod watch;

use crate::exit::Exit;
use crate::output::Output;

pub(crate) use judge::{PerNetwork, findings, per_network};
pub(crate) use select::selection_json;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Which file containers should inherit, and why.
    Select(select::SelectArgs),
    /// What a container's file would hold.
    Render(render::Args),
    /// Explain a file line by line, with what each resolver makes of it.
    Lint(lint::Args),
    /// The queries that a look-up of a name makes, for each resolver.
    Explain(explain::Args),
    /// Follow the selected file; told again each time its content changes.
    Watch(watch::Args),
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::Select(args) => select::run(args, out),
        Command::Render(args) => render::run(args, out),
        Command::Lint(args) => lint::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Watch(args) => watch::run(args, out),
    }
}

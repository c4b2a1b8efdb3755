//! `runtimes`: the table of OCI runtimes.

mod args;
mod gc;
mod resolve;
mod show;

pub(crate) use args::TableArgs;
pub(crate) use show::unknown_text;

use crate::exit::Exit;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The runtimes, with what each resolves to. Writes nothing.
    #[command(after_help = "\
Examples:
  daemon-host runtimes list
  daemon-host runtimes list --config daemon.json --json")]
    List(TableArgs),
    /// Every problem of the configuration at once, and every runtime that cannot start.
    /// Writes nothing.
    #[command(after_help = "\
Exit code 1 when there is a problem.

Examples:
  daemon-host runtimes check
  daemon-host runtimes check --probe                ask the runtimes, too
  daemon-host runtimes check --config new-daemon.json --config-only --json")]
    Check(show::CheckArgs),
    /// What the daemon would run for a name; publishes the wrapper script.
    Resolve(resolve::Args),
    /// Remove wrapper scripts that nobody references any more.
    Gc(gc::Args),
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::List(args) => show::list(args, out),
        Command::Check(args) => show::check(args, out),
        Command::Resolve(args) => resolve::run(args, out),
        Command::Gc(args) => gc::run(args, out),
    }
}

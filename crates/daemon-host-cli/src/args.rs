//! The command line as a whole; each subcommand's arguments stand in its file.

use clap::{ColorChoice, Parser, Subcommand};

use crate::{
    addrs, completions, demo, engines, mounts, place, report, resolv_conf, root, rro, run, runtimes,
};

/// See, explain and repair the host-side state of a container daemon.
#[derive(Debug, Parser)]
#[command(
    name = "daemon-host",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "\
Exit codes: 0 fine, 1 a finding, 2 usage or failure.

Examples:
  daemon-host report                         the host at a glance
  daemon-host root cleanup --dry-run         what a clean-up would unmount, and why
  daemon-host resolv-conf select             which resolv.conf containers should get
  daemon-host runtimes check --json          problems of the runtimes table, for machines")]
pub(crate) struct Cli {
    /// Print JSON for machines instead of text for people.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,

    /// When to use colour; NO_COLOR is honoured.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Everywhere"
    )]
    pub(crate) color: ColorChoice,

    /// Log to standard error: once for what changes, twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Everywhere")]
    pub(crate) verbose: u8,

    #[command(flatten)]
    pub(crate) host: place::HostArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Enters the host, if its root directory is named.
    pub(crate) fn enter(&self) -> anyhow::Result<()> {
        let is_of_host = !matches!(
            self.command,
            Command::Run(_)
                | Command::Reload(_)
                | Command::Demo(_)
                | Command::Completions(_)
                | Command::Man(_)
        );
        anyhow::ensure!(
            is_of_host || !self.host.is_named(),
            "--host-root: this subcommand does not look at a host"
        );
        self.host.enter()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The host at a glance: findings first, each with cause and remedy.
    Report(report::Args),
    /// The mount table.
    #[command(subcommand)]
    Mounts(mounts::Command),
    /// The daemon's data root: its state, leftovers, clean-up.
    #[command(subcommand)]
    Root(root::Command),
    /// The container engines of this machine.
    #[command(subcommand)]
    Engines(engines::Command),
    /// The resolv.conf that containers get.
    #[command(subcommand)]
    ResolvConf(resolv_conf::Command),
    /// Addresses of a link, or of all links.
    Addrs(addrs::Args),
    /// Whether recursive read-only mounts work here.
    Rro(rro::Args),
    /// The table of OCI runtimes.
    #[command(subcommand)]
    Runtimes(runtimes::Command),
    /// Run the reference daemon.
    Run(run::Args),
    /// Ask a running daemon to read its configuration again.
    Reload(run::ReloadArgs),
    /// See the whole life of a daemon in a few seconds; needs no root.
    Demo(demo::Args),
    /// Print completions for a shell.
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write all pages into a directory.
    Man(completions::ManArgs),
}

impl Command {
    /// Whether a file system that waits must not keep the command from ending. The daemon ends in
    /// its own way, and the others look at no file system.
    pub(crate) fn is_guarded(&self) -> bool {
        !matches!(
            self,
            Self::Run(_) | Self::Demo(_) | Self::Completions(_) | Self::Man(_)
        )
    }
}

//! The `daemon-host` command. It shows, explains and repairs the host-side state of a container
//! daemon. It is also a small reference daemon.
//!
//! Each subcommand has a file or a room. `output` turns values into tables or JSON. The JSON
//! contract is in the repository's `docs/json.md`.
#![forbid(unsafe_code)]

mod addrs;
mod args;
mod completions;
mod config;
mod demo;
mod engines;
mod exit;
mod guard;
mod input;
mod mounts;
mod output;
mod place;
mod report;
mod resolv_conf;
mod root;
mod rro;
mod run;
mod runtimes;
mod until;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::args::{Cli, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == report::PROBER)
    {
        return report::probe_mounts().into();
    }
    let mut args: Vec<_> = std::env::args_os().collect();
    let worker = guard::begin(&mut args);
    let cli = Cli::parse_from(args);
    let is_daemon = matches!(cli.command, Command::Run(_));
    output::log::start(cli.verbose, is_daemon);
    let ended = (worker.is_none() && cli.command.is_guarded()).then(guard::run);
    if let Some(code) = ended.flatten() {
        return code;
    }
    let exit = work(&cli, is_daemon);
    if let Some(worker) = worker {
        worker.tell(exit.code());
    }
    exit.into()
}

fn work(cli: &Cli, is_daemon: bool) -> Exit {
    let mut out = output::Output::new(cli.json, cli.color);
    if is_daemon {
        out = out.aside();
    }
    let exit = match cli.enter().and_then(|()| run(&cli.command, &out)) {
        Ok(exit) => exit,
        // The reader of a stream of events is gone, so nobody is left to be told.
        Err(error) if output::is_broken_pipe(&error) => Exit::Fine,
        Err(error) => {
            output::error(&error, place::remedy(error.as_ref()).as_deref());
            Exit::Failure
        }
    };
    out.finish();
    exit
}

fn run(command: &Command, out: &output::Output) -> anyhow::Result<Exit> {
    match command {
        Command::Report(args) => report::run(args, out),
        Command::Mounts(command) => mounts::run(command, out),
        Command::Root(command) => root::run(command, out),
        Command::Engines(command) => engines::run(command, out),
        Command::ResolvConf(command) => resolv_conf::run(command, out),
        Command::Addrs(args) => addrs::run(args, out),
        Command::Rro(args) => rro::run(args, out),
        Command::Runtimes(command) => runtimes::run(command, out),
        Command::Run(args) => run::run(args, out),
        Command::Reload(args) => run::reload(args, out),
        Command::Demo(args) => demo::run(args, out),
        Command::Completions(args) => completions::completions(args, Cli::command()),
        Command::Man(args) => completions::man(args, Cli::command()),
    }
}

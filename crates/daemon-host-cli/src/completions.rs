//! `completions` and `man`: they describe the command for shells and for man(1).

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;
use daemon_host::service::{PublishOptions, publish};

use crate::exit::Exit;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  daemon-host completions bash > /etc/bash_completion.d/daemon-host
  source <(daemon-host completions zsh)")]
pub(crate) struct CompletionsArgs {
    /// The shell to complete for.
    shell: Shell,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  daemon-host man | man -l -
  daemon-host man --out /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write one page per subcommand into this directory instead.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the completions of `command`.
pub(crate) fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "daemon-host", &mut script);
    if args.shell == Shell::Bash {
        script = with_one_name(&String::from_utf8(script)?).into_bytes();
    }
    io::stdout().write_all(&script)?;
    Ok(Exit::Fine)
}

/// The bash script, with one name for each state. If a command has a hyphen in its name,
/// clap_complete sets `daemon__host__subcmd__root` and asks for
/// `daemon__subcmd__host__subcmd__root` (clap-rs/clap#6421). Then nothing after the first word
/// would be completed.
fn with_one_name(script: &str) -> String {
    script.replace("daemon__subcmd__host__", "daemon__host__")
}

/// Prints the manual page of `command`, or writes all its pages.
pub(crate) fn man(args: &ManArgs, command: Command) -> anyhow::Result<Exit> {
    match &args.out {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            io::stdout().write_all(&page)?;
        }
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("create({dir:?})"))?;
            write_pages(command, dir)?;
        }
    }
    Ok(Exit::Fine)
}

/// Writes one page per subcommand, in the order of the command line.
fn write_pages(mut command: Command, dir: &Path) -> anyhow::Result<()> {
    command = command.disable_help_subcommand(true);
    command.build();
    let mut left = vec![command];
    while let Some(command) = left.pop() {
        let page = clap_mangen::Man::new(command.clone());
        let mut text = Vec::new();
        page.render(&mut text)?;
        publish(
            &dir.join(page.get_filename()),
            &text,
            &PublishOptions::new(),
        )?;
        left.extend(
            command
                .get_subcommands()
                .filter(|sub| !sub.is_hide_set())
                .cloned(),
        );
    }
    Ok(())
}

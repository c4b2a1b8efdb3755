//! The arguments of `demo`, and the roles of its processes.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use super::{acts, stage};
use crate::exit::Exit;
use crate::output::{Ink, Output, paint};
use crate::run as daemon;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Needs no root: it runs in namespaces of its own and leaves nothing behind.

Examples:
  daemon-host demo")]
pub(crate) struct Args {
    /// What a child process of the demo plays.
    #[arg(long, hide = true, value_enum)]
    role: Option<Role>,

    /// The configuration of the daemon that the child plays.
    #[arg(long, hide = true, requires = "role")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// The first process of a container: it only lives.
    Container,
    /// The reference daemon.
    Daemon,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    match args.role {
        None => show(out),
        Some(Role::Container) => {
            // If the demo is killed, the kernel ends this process, too. It asks for that itself,
            // because a fork clears the setting (prctl(2)).
            set_pdeathsig(Signal::SIGKILL)?;
            // This is longer than any demo. It ends when its parent ends.
            std::thread::sleep(Duration::from_secs(600));
            Ok(Exit::Fine)
        }
        Some(Role::Daemon) => {
            set_pdeathsig(Signal::SIGKILL)?;
            daemon::run(
                &daemon::Args::of_config(args.config.clone().unwrap_or_default()),
                out,
            )
        }
    }
}

fn show(out: &Output) -> anyhow::Result<Exit> {
    if let Err(forbidden) = stage::enter_namespaces() {
        out.text(&format!("{}\n", paint(Ink::Bad, forbidden.what)))?;
        out.text(&format!("{}\n", forbidden.remedy))?;
        return Ok(Exit::Failure);
    }
    let stage = stage::Stage::set()?;
    let failed = acts::play(&stage, out)?;
    Ok(Exit::finding_if(failed > 0))
}

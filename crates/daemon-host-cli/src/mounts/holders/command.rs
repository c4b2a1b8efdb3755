//! The arguments of `mounts holders`, and its flow.

use std::path::PathBuf;

use super::answer::Answer;
use super::{json, text};
use crate::exit::Exit;
use crate::output::Output;
use crate::place::PidArgs;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A mount is busy while a process stands in it or has a file open there, in any mount
namespace that has it or a copy of it; while the kernel swaps to it or has a loop device
on it; and while another mount is on it. A path that is no mount point here is looked for
in other namespaces. Exit code 0: nobody uses it, and no other namespace has it. 1: somebody
does, or another one has it, or it cannot be known, because not everything could be seen.

Examples:
  daemon-host mounts holders /var/lib/docker/overlay2/ID/merged
  daemon-host mounts holders --ask-kernel /mnt       and whether the kernel calls it busy")]
pub(crate) struct Args {
    /// The mount point. A relative path and links in it are resolved.
    path: PathBuf,

    /// Also ask the kernel whether the mount is busy; needs CAP_SYS_ADMIN. Nothing is unmounted.
    #[arg(long)]
    ask_kernel: bool,

    #[command(flatten)]
    pid: PidArgs,
}

pub(in crate::mounts) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.pid.enter()?;
    let answer = Answer::find(&args.path, args.ask_kernel)?;
    if out.is_json() {
        out.json(&json::answer(&answer))?;
    } else {
        out.text(&text::answer(&answer))?;
    }
    Ok(Exit::finding_if(
        answer.is_held() || !answer.unseen.is_empty(),
    ))
}

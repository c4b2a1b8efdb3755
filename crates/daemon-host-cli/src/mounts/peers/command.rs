//! The arguments of `mounts peers`, and its flow.

use std::path::PathBuf;

use anyhow::Context as _;
use daemon_host::mountscan::{HoldersOptions, MountTable, namespaces};
use daemon_host::service::{PublishOptions, publish};

use super::graph::Graph;
use super::reach::Reach;
use super::{json, mermaid, picture, svg, text};
use crate::exit::Exit;
use crate::mounts::path::settle;
use crate::mounts::sight::unseen;
use crate::output::{Ink, Output, paint};
use crate::place::PidArgs;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
With a path: which copies of the mount go when it is unmounted here, which stay and keep its
file system alive, and why. An unmount travels by the peer group of the mount that it lies on.
Without: every peer group of more than one mount, over all mount namespaces that can be seen.

Examples:
  daemon-host mounts peers /var/lib/docker/overlay2/ID/merged
  daemon-host mounts peers /mnt --svg peers.svg
  daemon-host mounts peers --mermaid")]
pub(crate) struct Args {
    /// A mount point. A relative path and links in it are resolved.
    path: Option<PathBuf>,

    /// Draw it into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Print it as a Mermaid graph, for documents.
    #[arg(long, conflicts_with = "svg")]
    mermaid: bool,

    #[command(flatten)]
    pid: PidArgs,
}

pub(in crate::mounts) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.pid.enter()?;
    let mut options = HoldersOptions::new();
    options.unpopulated = true;
    let all = namespaces(&options)?;
    let graph = Graph::new(&all);
    let reach = match &args.path {
        Some(path) => {
            let path = settle(path, &MountTable::current()?)?;
            let reach = Reach::of(&path, &all, &graph);
            Some(reach.with_context(|| format!("{path:?} is not a mount point"))?)
        }
        None => None,
    };
    let wheels = || match &reach {
        Some(reach) => picture::of_mount(reach),
        None => picture::of_groups(&graph),
    };
    if let Some(file) = &args.svg {
        publish(
            file,
            svg::draw(&wheels()).as_bytes(),
            &PublishOptions::new(),
        )
        .with_context(|| format!("write({file:?})"))?;
    }
    if args.mermaid {
        out.bytes(mermaid::draw(&wheels()).as_bytes())?;
    } else if out.is_json() {
        out.json(&json::answer(&all, &graph, reach.as_ref()))?;
    } else {
        out.text(&match &reach {
            Some(reach) => text::of_mount(reach),
            None => text::of_groups(&graph, &all),
        })?;
        for what in unseen(&all, all.unreadable) {
            let said = format!("Not seen: {what}. Namespaces there may be missing.");
            out.text(&format!("{}\n", paint(Ink::Warn, said)))?;
        }
    }
    Ok(Exit::Fine)
}

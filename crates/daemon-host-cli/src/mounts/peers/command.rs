//! The arguments of `mounts peers`, and its flow.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use daemon_host::mountscan::{HoldersOptions, MountTable, namespaces};
use daemon_host::service::{PublishOptions, publish};

use super::graph::Graph;
use super::reach::Reach;
use super::{json, mermaid, picture, svg, text};
use crate::exit::Exit;
use crate::input::look;
use crate::mounts::path::settle;
use crate::mounts::sight::unseen;
use crate::output::{Ink, Output, count, paint};
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
    ensure!(
        !(args.mermaid && out.is_json()),
        "--mermaid and --json: an answer has one form"
    );
    args.pid.enter()?;
    let mut options = HoldersOptions::new();
    options.unpopulated = true;
    let all = namespaces(&options)?;
    let graph = Graph::new(&all);
    let reach = match &args.path {
        Some(path) => {
            let table = MountTable::current()?;
            let path = settle(path, &table)?;
            let reach = Reach::of(&path, &all, &graph);
            Some(reach.with_context(|| no_mount_point(&path, &table))?)
        }
        None => None,
    };
    let wheels = || match &reach {
        Some(reach) => picture::of_mount(reach),
        None => picture::of_groups(&graph),
    };
    if let Some(file) = &args.svg {
        let drawn = svg::draw(&wheels());
        let publish = move |file: &Path| publish(file, drawn.as_bytes(), &PublishOptions::new());
        look(file, publish)?.with_context(|| format!("write({file:?})"))?;
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

/// What the path is in place of a mount point.
fn no_mount_point(path: &Path, table: &MountTable) -> String {
    let on = table.mount_of(path).map(|row| {
        let fs_type = row.fs_type().to_string_lossy().into_owned();
        format!("it is on {:?} ({fs_type}), and ", row.mount_point())
    });
    let below = count(table.under(path).len(), "mount lies", "mounts lie");
    format!(
        "{path:?} is not a mount point: {}{below} below it",
        on.unwrap_or_default()
    )
}

//! `mounts watch`: shows mounts and unmounts as they happen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use daemon_host::mountscan::{Event, MountInfo, WatchOptions, WatchRoute, Watcher};
use serde::Serialize;

use super::list::{explain, open_namespace};
use super::mount_json::MountJson;
use super::table_text::extent_text;
use crate::exit::Exit;
use crate::output::{Ink, Output, count, paint};
use crate::until::Until;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Events come from fanotify where the kernel has mount events (6.15, needs privilege),
and else from poll on the mount table. Both also tell of remounts.

Nothing in Linux tells of a renamed directory above a mount point, nor (before 7.1)
of mount --make-shared and the like. With --rescan they are found by reading again.

Examples:
  daemon-host mounts watch
  daemon-host mounts watch --count 10 --json     one JSON object per line
  daemon-host mounts watch --rescan 5 --route poll
  daemon-host mounts watch --namespace /proc/PID/ns/mnt")]
pub(crate) struct Args {
    #[command(flatten)]
    until: Until,

    /// Read everything again each so many seconds, for changes that nothing tells of.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    rescan: Option<u64>,

    /// What tells of changes; without it the better one that works here.
    #[arg(long, value_name = "NAME", value_enum)]
    route: Option<Route>,

    /// The mount namespace of this process, as the process sees it (by poll).
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,

    /// A mount namespace, by its file: /proc/PID/ns/mnt, a bind of it, or /proc/PID/fd/N.
    #[arg(long, value_name = "FILE", conflicts_with = "pid")]
    namespace: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Route {
    /// Mount events, and poll beside them.
    Fanotify,
    /// The mark on the mount table.
    Poll,
}

impl Args {
    fn options(&self) -> anyhow::Result<WatchOptions> {
        let mut options = WatchOptions::new();
        options.pid = self.pid;
        options.rescan_every = self.rescan.map(Duration::from_secs);
        options.route = self.route.map(|route| match route {
            Route::Fanotify => WatchRoute::Fanotify,
            Route::Poll => WatchRoute::Poll,
        });
        let namespace = self.namespace.as_deref().map(open_namespace).transpose()?;
        options.namespace = namespace.map(|file| Arc::new(file.into()));
        Ok(options)
    }
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let watch = Watcher::open(&args.options()?);
    let mut watch = watch.map_err(|error| explain(error, args.pid, args.namespace.as_deref()))?;
    if !out.is_json() {
        let route = match watch.route() {
            WatchRoute::Fanotify => "fanotify mount events",
            _ => "poll on the mount table",
        };
        let mounts = count(watch.table().len(), "mount", "mounts");
        let said = format!("{mounts}; following by {route}");
        out.line(&format!("{}\n", paint(Ink::Dim, said)))?;
        out.line(&extent_text(watch.table().extent(), args.pid))?;
    }
    args.until.follow(|wait| {
        let event = watch.next_within(wait)?;
        event.map(|event| show(&event, out)).transpose()
    })
}

/// An event as JSON.
#[derive(Serialize)]
struct Told<'m> {
    event: &'static str,
    mount: Option<MountJson<'m>>,
}

fn show(event: &Event, out: &Output) -> anyhow::Result<()> {
    let (word, ink, mount) = match event {
        Event::Attached(mount) => ("mounted", Ink::Good, Some(mount)),
        Event::Detached(mount) => ("unmounted", Ink::Warn, Some(mount)),
        Event::Changed(mount) => ("changed", Ink::Head, Some(mount)),
        _ => ("overflow", Ink::Bad, None),
    };
    if out.is_json() {
        let mount = mount.map(MountJson::new);
        out.json_line(&Told { event: word, mount })?;
    } else {
        let what = mount.map_or_else(
            || "events were lost; the table was read again".into(),
            in_words,
        );
        out.line(&format!(
            "{} {what}\n",
            paint(ink, format_args!("{word:<9}"))
        ))?;
    }
    Ok(())
}

fn in_words(mount: &MountInfo) -> String {
    let point = mount.mount_point.to_string_lossy();
    let fs_type = mount.fs_type.to_string_lossy();
    let id = paint(Ink::Dim, format_args!("(mount {})", mount.mount_id));
    format!("{} {fs_type} {id}", point.escape_debug())
}

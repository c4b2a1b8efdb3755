//! `mounts watch`: mounts and unmounts as they happen.

use daemon_host::mountscan::{Event, MountInfo, WatchOptions, WatchRoute, Watcher};
use serde::Serialize;

use super::mount_json::MountJson;
use crate::exit::Exit;
use crate::output::{Ink, Output, paint};
use crate::until::Until;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Events come from fanotify where the kernel has mount events (6.15, needs privilege),
else from poll on the mount table and a comparison.

Examples:
  daemon-host mounts watch
  daemon-host mounts watch --count 10 --json     one JSON object per line")]
pub(crate) struct Args {
    #[command(flatten)]
    until: Until,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let mut watch = Watcher::open(&WatchOptions::new())?;
    if !out.is_json() {
        let route = match watch.route() {
            WatchRoute::Fanotify => "fanotify mount events",
            _ => "poll on the mount table",
        };
        let said = format!("{} mounts; following by {route}", watch.table().len());
        out.line(&format!(
            "{}
",
            paint(Ink::Dim, said)
        ))?;
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

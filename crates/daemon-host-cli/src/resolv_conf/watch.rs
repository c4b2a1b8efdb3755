//! `resolv-conf watch`: follows the selected file.

use super::json;
use super::select::{SelectArgs, selection_json};
use crate::exit::Exit;
use crate::output::{Ink, Output, paint};
use crate::until::Until;
use daemon_host::resolvconf::{Current, WatchOptions, Watcher};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The present state comes first. A change is told when the choice or the content differs.

Examples:
  daemon-host resolv-conf watch
  daemon-host resolv-conf watch --count 1 --json     wait for one change")]
pub(crate) struct Args {
    #[command(flatten)]
    select: SelectArgs,

    #[command(flatten)]
    until: Until,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let mut options = WatchOptions::new();
    options.select = args.select.options();
    let mut watcher = Watcher::open(&options)?;
    show(watcher.current(), out)?;
    args.until.follow(|wait| {
        let changed = watcher.next_within(wait)?;
        changed.map(|current| show(&current, out)).transpose()
    })
}

fn show(current: &Current, out: &Output) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(current.document.as_bytes());
    if out.is_json() {
        let mut object = selection_json(&current.selection);
        json::text(&mut object, "text", current.document.as_bytes());
        object.insert("unreadable".into(), current.unreadable.clone().into());
        out.json_line(&object)?;
        return Ok(());
    }
    let selection = &current.selection;
    let path = paint(Ink::Head, selection.path.display());
    let reason = paint(Ink::Dim, selection.reason);
    out.line(&format!("{path}  {reason}\n"))?;
    for line in text.lines() {
        out.line(&format!("  {}\n", line.escape_debug()))?;
    }
    Ok(())
}

//! `resolv-conf watch`: the selected file as it changes.

use std::time::{Duration, Instant};

use daemon_host::resolvconf::{Current, WatchOptions, Watcher};
use serde_json::Value;

use super::{SelectArgs, selection_json};
use crate::args::end_after;
use crate::exit::Exit;
use crate::output::{Ink, Output, paint};

/// How long one wait is when there is no limit.
const LONG: Duration = Duration::from_secs(3600);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The present state comes first. A change is told when the choice or the content differs.

Examples:
  daemon-host resolv-conf watch
  daemon-host resolv-conf watch --count 1 --json     wait for one change")]
pub(crate) struct Args {
    #[command(flatten)]
    select: SelectArgs,

    /// Stop after this many changes.
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let end = end_after(args.seconds);
    let mut options = WatchOptions::new();
    options.select = args.select.options();
    let mut watcher = Watcher::new(options)?;
    show(watcher.current(), out)?;
    let mut seen = 0;
    while args.count.is_none_or(|count| seen < count) {
        let left = end.map_or(LONG, |end| end.saturating_duration_since(Instant::now()));
        match watcher.next_within(left)? {
            Some(current) => show(&current, out)?,
            None if end.is_some() => break,
            None => continue,
        }
        seen += 1;
    }
    Ok(Exit::Fine)
}

fn show(current: &Current, out: &Output) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(current.document.as_bytes());
    if out.is_json() {
        let mut value = selection_json(&current.selection);
        value["text"] = text.into();
        value["unreadable"] = current.unreadable.clone().map_or(Value::Null, Value::from);
        out.json_line(&value)?;
        return Ok(());
    }
    let selection = &current.selection;
    let path = paint(Ink::Head, selection.path.display());
    let reason = paint(Ink::Dim, selection.reason);
    out.text(&format!("{path}  {reason}\n"))?;
    for line in text.lines() {
        out.text(&format!("  {}\n", line.escape_debug()))?;
    }
    Ok(())
}

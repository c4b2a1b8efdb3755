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
Where the kernel cannot report changes (a limit of inotify), the files are looked at every
30 seconds, and each answer says so.

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
    show(watcher.current(), unheard(&watcher), out)?;
    args.until.follow(|wait| {
        let changed = watcher.next_within(wait)?;
        let unheard = unheard(&watcher);
        changed
            .map(|current| show(&current, unheard, out))
            .transpose()
    })
}

/// Why changes are not heard of at once, if they are not.
fn unheard(watcher: &Watcher) -> Option<String> {
    let error = watcher.deaf()?;
    let cause = std::error::Error::source(error);
    Some(cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")))
}

fn show(current: &Current, unheard: Option<String>, out: &Output) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(current.document.as_bytes());
    if out.is_json() {
        let mut object = selection_json(&current.selection);
        json::text(&mut object, "text", current.document.as_bytes());
        object.insert("unreadable".into(), current.unreadable.clone().into());
        object.insert("unheard".into(), unheard.into());
        out.json_line(&object)?;
        return Ok(());
    }
    let selection = &current.selection;
    let path = paint(Ink::Head, selection.path.display());
    let reason = paint(Ink::Dim, selection.explanation());
    out.line(&format!("{path}  {reason}\n"))?;
    if let Some(why) = unheard {
        let told = format!("  changes are found only every 30 seconds: {why}");
        out.line(&format!("{}\n", paint(Ink::Bad, told)))?;
    }
    for line in text.lines() {
        out.line(&format!("  {}\n", line.escape_debug()))?;
    }
    Ok(())
}

//! `root status`: what the data root is mounted on, who owns it, what is left below it.

use std::path::Path;

use daemon_host::rootmount::{self, Ownership, Status, Step};
use daemon_host::runtimes;
use serde::Serialize;

use super::{RootArgs, cleanup};
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table};

pub(super) fn run(args: &RootArgs, out: &Output) -> anyhow::Result<Exit> {
    let options = args.options()?;
    let status = rootmount::status(&options)?;
    let dirs = runtimes::state_dirs(&options.exec_root);
    let live = runtimes::live_containers(&dirs, Path::new("/proc"))?;
    let plan = cleanup::sweep_plan(&status.root, &live)?;
    if out.is_json() {
        out.json(&Answer {
            status: &status,
            leftovers: plan.steps(),
        })?;
    } else {
        out.text(&status_text(&status, plan.steps().len()))?;
    }
    Ok(Exit::finding_if(
        !plan.steps().is_empty() || is_doubtful(&status),
    ))
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'s> {
    #[serde(flatten)]
    status: &'s Status,
    leftovers: &'s [Step],
}

/// Whether the ownership record says something that does not hold.
pub(crate) fn is_doubtful(status: &Status) -> bool {
    !status.ownership.is_ours() && !matches!(status.ownership, Ownership::Unrecorded)
}

fn status_text(status: &Status, leftovers: usize) -> String {
    let holder = &status.holder;
    let stacked = if status.stacked > 1 {
        format!(", {} stacked", status.stacked)
    } else {
        String::new()
    };
    let mounted = if status.is_mounted {
        format!("yes (mount {}{stacked})", holder.mount.mount_id)
    } else {
        format!("no, held by {}", holder.mount.mount_point.display())
    };
    let left = match leftovers {
        0 => Cell::inked(Ink::Good, "none"),
        n => Cell::inked(
            Ink::Warn,
            format!("{n}; see daemon-host root cleanup --dry-run"),
        ),
    };
    let ink = if is_doubtful(status) {
        Ink::Warn
    } else {
        Ink::Good
    };
    let mut table = Table::without_heads();
    let root = status.root.to_string_lossy();
    table.row(["data root".into(), root.as_ref().into()]);
    table.row(["mounted".into(), mounted.into()]);
    table.row(["propagation".into(), holder.propagation.to_string().into()]);
    table.row(["self-bind".into(), status.self_bind.to_string().into()]);
    let ownership = Cell::inked(ink, status.ownership.to_string());
    table.row(["ownership".into(), ownership]);
    table.row(["leftovers".into(), left]);
    table.render()
}

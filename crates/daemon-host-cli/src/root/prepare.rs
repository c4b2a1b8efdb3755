//! `root prepare` and `root release`: make and remove the mount at the data root itself.

use anyhow::Context as _;
use daemon_host::rootmount::{self, PrepareAction, Released};
use serde::Serialize;

use super::RootArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::place::PidArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    root: RootArgs,

    #[command(flatten)]
    pid: PidArgs,
}

pub(super) fn prepare(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.pid.enter()?;
    let options = args.root.answering()?;
    let prepared =
        rootmount::prepare(&options).with_context(|| format!("prepare({:?})", options.root))?;
    let (action, detail) = match prepared.action {
        PrepareAction::Nothing => ("nothing", "mounts below the root spread already"),
        PrepareAction::KeptOurs => ("kept-ours", "the mount of an earlier start is still there"),
        PrepareAction::MadeShared => ("made-shared", "the mount at the root was made shared"),
        PrepareAction::Bound => ("bound", "the root was bound onto itself; the mount is ours"),
        _ => ("other", "the root is ready"),
    };
    answer(out, action, detail)?;
    Ok(Exit::Fine)
}

pub(super) fn release(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.pid.enter()?;
    let options = args.root.answering()?;
    let released =
        rootmount::release(&options).with_context(|| format!("release({:?})", options.root))?;
    let (action, detail) = match &released {
        Released::Unmounted => ("unmounted", "the root is unmounted".to_owned()),
        Released::Detached => (
            "detached",
            "the root is detached lazily: it was busy, or copies of mounts were on it".to_owned(),
        ),
        Released::NotMounted => ("not-mounted", "nothing is mounted at the root".to_owned()),
        Released::NotOurs(whose) => ("not-ours", format!("left as it is: {whose}")),
        _ => ("other", String::new()),
    };
    answer(out, action, &detail)?;
    Ok(Exit::finding_if(matches!(released, Released::NotOurs(_))))
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    action: &'a str,
    detail: &'a str,
}

fn answer(out: &Output, action: &str, detail: &str) -> anyhow::Result<()> {
    if out.is_json() {
        out.json(&Answer { action, detail })?;
    } else {
        out.text(&format!("{detail}\n"))?;
    }
    Ok(())
}

//! `root`: the daemon's data root.

pub(crate) mod cleanup;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::HostConfig;
use daemon_host::rootmount::{self, DataRootOptions, PrepareAction, Released, Status};
use daemon_host::runtimes;
use serde_json::json;

use crate::config::ConfigArgs;
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table};

/// Which data root: as given, else as the daemon.json has it, else Docker's.
#[derive(Debug, clap::Args)]
pub(crate) struct RootArgs {
    /// The daemon's data root; default the configuration's, else /var/lib/docker.
    #[arg(long, visible_alias = "root", value_name = "DIR")]
    data_root: Option<PathBuf>,

    /// The daemon's run-time state, with the ownership record; default the
    /// configuration's, else /var/run/docker.
    #[arg(long, value_name = "DIR")]
    exec_root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

impl RootArgs {
    /// The two roots; the configuration is read only when one of them is not given.
    pub(crate) fn options(&self) -> anyhow::Result<DataRootOptions> {
        if let (Some(data_root), Some(exec_root)) = (&self.data_root, &self.exec_root) {
            return Ok(DataRootOptions::new(data_root, exec_root));
        }
        Ok(self.options_of(&self.config.roots()?))
    }

    /// The same with a configuration that was read before.
    pub(crate) fn options_of(&self, config: &HostConfig) -> DataRootOptions {
        let data_root = self.data_root.as_ref().unwrap_or(&config.data_root);
        let exec_root = self.exec_root.as_ref().unwrap_or(&config.exec_root);
        DataRootOptions::new(data_root, exec_root)
    }
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// What the data root is mounted on, who owns it, what is left below it.
    #[command(after_help = "\
Exit code 1 when something is left below the root, or its record is not to be trusted.

Examples:
  daemon-host root status
  daemon-host root status --data-root /srv/docker --json")]
    Status(RootArgs),
    /// Make the data root's mounts spread to other namespaces, and record what was done.
    #[command(after_help = "\
Sweep first (root cleanup): a mount at the root would hide what is left below it.

Examples:
  daemon-host root prepare --data-root /srv/docker --exec-root /run/docker")]
    Prepare(RootArgs),
    /// Detach the data root's mount if, and only if, it is ours.
    #[command(after_help = "\
Examples:
  daemon-host root release --data-root /srv/docker --exec-root /run/docker")]
    Release(RootArgs),
    /// Unmount what dead containers left below the data root.
    Cleanup(cleanup::Args),
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::Status(args) => status(args, out),
        Command::Prepare(args) => prepare(args, out),
        Command::Release(args) => release(args, out),
        Command::Cleanup(args) => cleanup::run(args, out),
    }
}

fn status(args: &RootArgs, out: &Output) -> anyhow::Result<Exit> {
    let options = args.options()?;
    let status = rootmount::status(&options)?;
    let dirs = runtimes::state_dirs(&options.exec_root);
    let live = runtimes::live_containers(&dirs, Path::new("/proc"))?;
    let plan = cleanup::sweep_plan(&status.root, &live)?;
    if out.is_json() {
        let mut value = serde_json::to_value(&status)?;
        value["leftovers"] = serde_json::to_value(plan.steps())?;
        out.json(&value)?;
    } else {
        out.text(&status_text(&status, plan.steps().len()))?;
    }
    Ok(Exit::finding_if(
        !plan.steps().is_empty() || is_doubtful(&status),
    ))
}

/// Whether the ownership record says something that does not hold.
pub(crate) fn is_doubtful(status: &Status) -> bool {
    use rootmount::Ownership;
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
        format!("yes (mount {}{stacked})", holder.mount_id)
    } else {
        format!("no, held by {}", holder.mount_point.display())
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

fn prepare(args: &RootArgs, out: &Output) -> anyhow::Result<Exit> {
    let options = args.options()?;
    let prepared = rootmount::prepare(&options)
        .with_context(|| format!("prepare {}", options.root.display()))?;
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

fn release(args: &RootArgs, out: &Output) -> anyhow::Result<Exit> {
    let options = args.options()?;
    let released = rootmount::release(&options)
        .with_context(|| format!("release {}", options.root.display()))?;
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

fn answer(out: &Output, action: &str, detail: &str) -> anyhow::Result<()> {
    if out.is_json() {
        out.json(&json!({ "action": action, "detail": detail }))?;
    } else {
        out.text(&format!("{detail}\n"))?;
    }
    Ok(())
}

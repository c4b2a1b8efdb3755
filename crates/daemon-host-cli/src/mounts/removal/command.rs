//! The arguments of `mounts safe-to-remove`, and its flow.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use daemon_host::mountscan::{
    HoldersOptions, MountTable, Survey, directory_mounts, directory_users,
};
use daemon_host::{ANSWER_LIMIT, within};

use super::judge::{Facts, judge};
use super::reason::{Kind, Reason};
use super::show::{self, Answer};
use crate::exit::Exit;
use crate::mounts::holders::lost;
use crate::mounts::path::settle;
use crate::mounts::sight::part;
use crate::output::Output;
use crate::place::{self, PidArgs};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks at mounts at the directory and below, remote ones and binds first; at mounts elsewhere
that show it or have overlay layers there; at mounts there in other namespaces; at file
systems that were detached and are alive; at processes, loop devices and swap files.
Exit code 0: nothing stands against it. 1: something does, or it cannot be known.
Nothing is changed, and nothing that is mounted is entered.

Examples:
  daemon-host mounts safe-to-remove /var/lib/docker && rm -rf --one-file-system /var/lib/docker")]
pub(crate) struct Args {
    /// The directory. A relative path and links in it are resolved.
    directory: PathBuf,

    #[command(flatten)]
    pid: PidArgs,
}

pub(in crate::mounts) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.pid.enter()?;
    let table = MountTable::current()?;
    let directory = settle(&args.directory, &table)?;
    check(&directory, &table)?;
    let facts = collect(&directory)?;
    let mut reasons = judge(&facts);
    reasons.extend(part(&table).map(|what| Reason::new(Kind::Unseen, what)));
    let answer = Answer::new(&directory, &reasons);
    if out.is_json() {
        out.json(&answer)?;
    } else {
        out.text(&show::text(&directory, &reasons))?;
    }
    Ok(Exit::finding_if(!reasons.is_empty()))
}

/// Checks that it is a directory. A mount point is not asked.
fn check(path: &Path, table: &MountTable) -> anyhow::Result<()> {
    if table.is_mount_point(path) {
        return Ok(());
    }
    let owned = path.to_owned();
    let seen = within(ANSWER_LIMIT, move || std::fs::symlink_metadata(owned));
    let seen = seen.with_context(|| format!("{path:?} did not answer"))?;
    let is_missing = |error: &Error| error.kind() == ErrorKind::NotFound;
    if seen.as_ref().is_err_and(is_missing) && table.topmost(path).is_some() {
        bail!("no path leads to {path:?}: another mount lies over the one that is there");
    }
    if !seen.with_context(|| format!("stat({path:?})"))?.is_dir() {
        bail!("{path:?} is not a directory");
    }
    Ok(())
}

fn collect(directory: &Path) -> anyhow::Result<Facts> {
    let mut options = HoldersOptions::new();
    options.unpopulated = true;
    options.uses = true;
    let survey = Arc::new(Survey::read(&options)?);
    let mut users = directory_users(directory, &options)?;
    // This command ends before anybody acts on its answer.
    let own = place::own_pid();
    users.processes.retain(|process| Some(process.pid) != own);
    // This search looks at more of each process, so it may also see less.
    let unreadable = survey.namespaces().unreadable.max(users.unreadable);
    Ok(Facts {
        mounts: directory_mounts(survey.namespaces(), directory, &options)?,
        users,
        is_root: nix::unistd::geteuid().is_root(),
        detached: lost(&survey),
        survey,
        unreadable,
    })
}

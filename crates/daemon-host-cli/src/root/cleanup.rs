//! `root cleanup`: plan, show, and unless told otherwise, act.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use daemon_host::mountscan::{MalformedRow, MountTable};
use daemon_host::rootmount::{
    self, CleanupPlan, CleanupReport, Detach, ExecuteOptions, PlanOptions, Rules,
};
use daemon_host::runtimes;
use indicatif::{ProgressBar, ProgressStyle};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use serde::Serialize;

use super::RootArgs;
use crate::exit::Exit;
use crate::mounts::{malformed_text, read_table};
use crate::output::Output;

/// Digits of an id in full.
const FULL_ID: usize = 64;
/// Sweeps of fewer steps are over before a bar could be read.
const BAR_FROM: u64 = 50;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Containers that live, by the state of runc or crun, are spared. Each mount is unmounted
plainly; one that stays busy is detached lazily, and who holds it is named. The root itself goes last, if it is ours and nothing below it stays.
Exit code 1 when something is left.

Examples:
  daemon-host root cleanup --dry-run
  daemon-host root cleanup --keep 3f1c…                  spare a container
  daemon-host root cleanup --id 3f1c…                    one container only
  daemon-host root cleanup --rule 'custom/[a-z]+/mnt'    also what a rule names
  daemon-host root cleanup --mountinfo captured.txt      plan from a captured table")]
pub(crate) struct Args {
    #[command(flatten)]
    root: RootArgs,

    /// Only this container's mounts, with its layers as the layer store names them, or
    /// this layer's. The id in full.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// A live container: it and everything below it stays. May be repeated.
    #[arg(long, value_name = "ID")]
    keep: Vec<String>,

    /// A directory with the states of runc or crun: containers that live there stay, too,
    /// unless named by --id. May be repeated; default Docker's below the exec root.
    #[arg(long, value_name = "DIR")]
    state_dir: Vec<PathBuf>,

    /// One more rule, a regular expression over the path below the root (without a slash in
    /// front); it must match the whole of it. May be repeated.
    #[arg(long, value_name = "RE")]
    rule: Vec<String>,

    /// Show what would be done and do nothing.
    #[arg(long)]
    dry_run: bool,

    /// Plan from this captured mountinfo; implies --dry-run. - is standard input.
    #[arg(long, value_name = "FILE")]
    mountinfo: Option<PathBuf>,

    /// Leave what stays busy instead of detaching it lazily.
    #[arg(long)]
    no_lazy: bool,

    /// Leave the copies that other mount namespaces share. What cannot be unmounted
    /// without them (before Linux 5.15, stacked mounts) stays.
    #[arg(long)]
    no_propagate: bool,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let table = args.table()?;
    let plan = args.plan(&table)?;
    if args.dry_run || args.mountinfo.is_some() {
        show_plan(&table, &plan, out)?;
        return Ok(Exit::Fine);
    }
    // Ended in the wrong moment, the process would leave a mount private.
    let _held = args.no_propagate.then(HeldSignals::hold).transpose()?;
    let report = args.execute(&plan)?;
    if out.is_json() {
        out.json(&report)?;
    } else {
        out.text(&format!("{report}\n"))?;
    }
    Ok(Exit::finding_if(!report.is_clean()))
}

/// A plan as JSON, with the rows that could not be understood.
#[derive(Serialize)]
struct Planned<'p> {
    #[serde(flatten)]
    plan: &'p CleanupPlan,
    malformed: &'p [MalformedRow],
}

fn show_plan(table: &MountTable, plan: &CleanupPlan, out: &Output) -> anyhow::Result<()> {
    if out.is_json() {
        out.json(&Planned {
            plan,
            malformed: table.malformed(),
        })?;
    } else {
        out.text(&format!("{plan}\n{}", malformed_text(table)))?;
    }
    Ok(())
}

/// The plan of a sweep over the running system that spares these containers.
pub(super) fn sweep_plan(root: &Path, live: &BTreeSet<String>) -> anyhow::Result<CleanupPlan> {
    let table = rootmount::live_table()?;
    let options = PlanOptions::new(root).keep(rootmount::live_ids(root, live)?);
    Ok(rootmount::plan(&table, &Rules::sweep(), &options)?)
}

impl Args {
    fn table(&self) -> anyhow::Result<MountTable> {
        match &self.mountinfo {
            Some(file) => read_table(file),
            None => Ok(rootmount::live_table()?),
        }
    }

    fn plan(&self, table: &MountTable) -> anyhow::Result<CleanupPlan> {
        let options = match &self.mountinfo {
            Some(_) => PlanOptions::new(self.root.options()?.root).keep(&self.keep),
            None => self.live_options()?,
        };
        let rules = self.rules(&options.root)?.with_custom(&self.rule)?;
        Ok(rootmount::plan(table, &rules, &options)?)
    }

    fn rules(&self, root: &Path) -> anyhow::Result<Rules> {
        Ok(match &self.id {
            None => Rules::sweep(),
            // An abbreviation could mean several.
            Some(id) if self.mountinfo.is_none() && id.len() == FULL_ID => {
                Rules::containers(rootmount::live_ids(root, [id])?)?
            }
            Some(id) => Rules::container(id)?,
        })
    }

    /// Of the running system: symlinks resolved, the layers of kept containers known,
    /// and the root released if ours.
    fn live_options(&self) -> anyhow::Result<PlanOptions> {
        let root = self.root.options()?;
        let status = rootmount::status(&root)?;
        let mut live: BTreeSet<String> = self.keep.iter().cloned().collect();
        if self.id.is_none() {
            let dirs = match self.state_dir.as_slice() {
                [] => runtimes::state_dirs(&root.exec_root),
                given => given.to_vec(),
            };
            live.extend(runtimes::live_containers(&dirs, Path::new("/proc"))?);
        }
        let keep = rootmount::live_ids(&status.root, &live)?;
        let options = PlanOptions::new(status.root).keep(keep);
        Ok(match self.id {
            None => options.release(status.ownership),
            Some(_) => options,
        })
    }

    fn execute(&self, plan: &CleanupPlan) -> anyhow::Result<CleanupReport> {
        let mut options = ExecuteOptions::new();
        options.data_root = Some(self.root.options()?);
        if self.no_lazy {
            options.detach = Detach::Never;
        }
        options.propagate = !self.no_propagate;
        let bar = progress_bar(plan.steps().len());
        let report = rootmount::execute_with(plan, &options, |progress| {
            bar.set_position(progress.done as u64);
        })?;
        bar.finish_and_clear();
        Ok(report)
    }
}

/// Signals that would end the process wait until this is dropped, in this thread and in
/// those that it starts meanwhile.
struct HeldSignals(SigSet);

impl HeldSignals {
    fn hold() -> anyhow::Result<Self> {
        let fatal = [
            Signal::SIGHUP,
            Signal::SIGINT,
            Signal::SIGQUIT,
            Signal::SIGTERM,
        ];
        let fatal: SigSet = fatal.into_iter().collect();
        Ok(Self(fatal.thread_swap_mask(SigmaskHow::SIG_BLOCK)?))
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        self.0
            .thread_set_mask()
            .expect("a mask that was in force before");
    }
}

fn progress_bar(steps: usize) -> ProgressBar {
    let steps = steps as u64;
    if steps < BAR_FROM || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("unmounting {bar:30} {pos}/{len}, {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(steps).with_style(style)
}

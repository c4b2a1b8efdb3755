//! `runtimes gc`: removes wrapper scripts that nobody references any more.

use std::path::{Path, PathBuf};

use daemon_host::runtimes::{References, ScriptVerdict, bundle_dirs, plan_sweep, sweep};
use serde_json::{Map, Value, json};

use super::args::{TableArgs, ensure_answers};
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table, path_fields};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Scripts stay that the configuration names, that a container's bundle names, or that are on
the command line of a process. Bundles are looked for below the exec root, in the containerd
directory beside it, and wherever shims, engines and mounts of this machine lead to. Exit
code 1 when a file could not be removed, 2 when a directory that was named does not exist.

Examples:
  daemon-host runtimes gc --dry-run
  daemon-host runtimes gc --bundles /run/containerd/io.containerd.runtime.v2.task/moby")]
pub(crate) struct Args {
    #[command(flatten)]
    table: TableArgs,

    /// Explain every verdict and remove nothing.
    #[arg(long)]
    dry_run: bool,

    /// Look in this directory, too, for bundles that name scripts in use. It must
    /// exist. May be repeated.
    #[arg(long, value_name = "DIR")]
    bundles: Vec<PathBuf>,

    /// A script known to be in use. May be repeated.
    #[arg(long, value_name = "FILE")]
    keep: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.table.check_directories()?;
    let (inspected, table) = args.table.load()?;
    anyhow::ensure!(
        inspected.problems.is_empty(),
        "the configuration has problems, so it is not known which scripts it names; \
         see daemon-host runtimes check"
    );
    let mut references = References::new();
    references.add_table(&table);
    for file in &args.keep {
        ensure_answers(file)?;
        references.add(file, "--keep");
    }
    for dir in &args.bundles {
        // A missing directory has no bundles. An error tells the caller that the name was mistyped.
        ensure_answers(dir)?;
        anyhow::ensure!(dir.is_dir(), "--bundles {dir:?}: no such directory");
    }
    let (exec_root, dir) = (&table.options().exec_root, &table.options().script_dir);
    ensure_answers(exec_root)?;
    ensure_answers(dir)?;
    let usual = bundle_dirs(exec_root);
    for dir in usual.iter().chain(&args.bundles) {
        references.scan_bundles(dir);
    }
    references.scan_processes(Path::new("/proc"));
    let (verdicts, failed) = if args.dry_run {
        (plan_sweep(dir, &references)?, Vec::new())
    } else {
        let report = sweep(dir, &references)?;
        (report.verdicts, report.failed)
    };
    if out.is_json() {
        let failed: Vec<Value> = failed
            .iter()
            .map(|(path, error)| json!({ "path": path.to_string_lossy(), "error": error.to_string() }))
            .collect();
        let verdicts: Vec<Value> = verdicts.iter().map(verdict_json).collect();
        out.json(&json!({ "verdicts": verdicts, "failed": failed }))?;
    } else {
        out.text(&to_text(&verdicts))?;
        for (path, error) in &failed {
            out.text(&format!("{}: {error}\n", path.display()))?;
        }
    }
    Ok(Exit::finding_if(!failed.is_empty()))
}

fn verdict_json(verdict: &ScriptVerdict) -> Value {
    let mut object = Map::new();
    path_fields(&mut object, "path", &verdict.path);
    object.insert("remove".into(), verdict.reason.removes().into());
    object.insert("reason".into(), verdict.reason.to_string().into());
    object.into()
}

fn to_text(verdicts: &[ScriptVerdict]) -> String {
    if verdicts.is_empty() {
        return "no scripts\n".into();
    }
    let mut table = Table::new(&["VERDICT", "FILE", "WHY"]);
    for verdict in verdicts {
        let word = match verdict.reason.removes() {
            true => Cell::inked(Ink::Warn, "remove"),
            false => Cell::inked(Ink::Good, "keep"),
        };
        let path = verdict.path.to_string_lossy().into_owned();
        table.row([
            word,
            path.into(),
            Cell::inked(Ink::Dim, verdict.reason.to_string()),
        ]);
    }
    table.render()
}

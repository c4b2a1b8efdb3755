//! The chore and the lane: which scenarios there are, and each in namespaces of its own.

use super::stage::{self, Stage};
use super::trees::tree;
use super::{fleet, leftovers, live, namespaces, node_exporter, resolved, runtimes};
use crate::packages;
use crate::vm::Outcome;
use anyhow::{Context, Result, bail};
use clap::{Args as ClapArgs, Subcommand};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How many scenarios run at once. Each mostly waits: for its daemons, and for the clean-up's
/// second look beside a living engine.
const AT_ONCE: usize = 3;

/// Arguments of `cargo xtask daemons`.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Args {
    /// Only scenarios whose name contains this: trixie, overlay2, live, podman, rro, wrappers,
    /// resolved, node_exporter, fleet, …
    #[arg(long)]
    only: Vec<String>,
    /// Also the scenarios that run on request only
    #[arg(long)]
    all: bool,
    /// Debian archive to fetch from, instead of this machine's own
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// A lane that cannot run is a failure, not a skip
    #[arg(long)]
    require: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// One scenario, as PID 1 of new namespaces
    #[command(hide = true)]
    Inside {
        scenario: String,
        tree: OsString,
        scratch: PathBuf,
        tool: PathBuf,
    },
}

/// The chore; true if nothing failed.
pub(crate) fn run(args: &Args) -> crate::verdict::Verdict {
    if let Some(Action::Inside {
        scenario,
        tree,
        scratch,
        tool,
    }) = &args.action
    {
        return stage::as_init(|| inside(scenario, tree, scratch, tool)).map(|()| true);
    }
    let outcome = lane(args, None)?;
    let skipped = outcome.skipped.len();
    println!(
        "{} passed, {} failed, {skipped} skipped",
        outcome.passed, outcome.failed
    );
    Ok(outcome.failed == 0 && (skipped == 0 || !args.require))
}

/// How many scenarios there are.
pub(crate) fn count() -> usize {
    scenarios().len()
}

/// The lane, for `cargo xtask test` as well: one line per scenario, and the counts. The command
/// under test is built, if nobody built it before.
pub(crate) fn lane(args: &Args, tool: Option<&Path>) -> Result<Outcome> {
    let scenarios = chosen(args)?;
    if let Some(reason) = cannot_run() {
        println!("skipped: {reason}");
        let skipped = scenarios.iter().map(|name| skip(name, &reason)).collect();
        return Ok(Outcome {
            skipped,
            ..Outcome::default()
        });
    }
    let tool = tool.map_or_else(build_tool, |tool| Ok(tool.to_owned()))?;
    let lane = Lane {
        mirror: args.mirror.as_deref(),
        tool: &tool,
        trees: Mutex::default(),
        outcome: Mutex::default(),
    };
    lane.run(&scenarios);
    Ok(lane
        .outcome
        .into_inner()
        .expect("no scenario panics while it counts"))
}

/// What the scenarios that run at once have in common.
struct Lane<'a> {
    mirror: Option<&'a str>,
    tool: &'a Path,
    /// Held while a tree is made, because several scenarios want the same one.
    trees: Mutex<()>,
    outcome: Mutex<Outcome>,
}

impl Lane<'_> {
    /// Runs them in their order, several at once.
    fn run(&self, scenarios: &[String]) {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(name) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                let start = Instant::now();
                let line = self.scenario(name);
                println!("{line} [{:.1} s]", start.elapsed().as_secs_f32());
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(work);
            }
        });
    }

    /// Runs one and counts it; the line to print.
    fn scenario(&self, name: &str) -> String {
        let tree = {
            let _alone = self.trees.lock().expect("making a tree does not panic");
            tree(name, self.mirror)
        };
        let ran = tree
            .as_ref()
            .map(|tree| namespaces::start(name, tree, self.tool));
        let mut outcome = self.outcome.lock().expect("counting does not panic");
        match ran {
            Err(error) => {
                outcome.skipped.push(skip(name, &format!("{error:#}")));
                format!("skipped  {name}: {error:#}")
            }
            Ok(Ok(line)) => {
                outcome.passed += 1;
                format!("ok       {name}: {line}")
            }
            Ok(Err(error)) => {
                outcome.failed += 1;
                outcome.failures.push(format!("{name}: {error:#}"));
                format!("FAILED   {name}: {error:#}")
            }
        }
    }
}

/// The scenarios to run. Those that are left out because nobody asked for them are named.
fn chosen(args: &Args) -> Result<Vec<String>> {
    let (mut known, further) = (
        scenarios(),
        live::on_request().chain([runtimes::on_request()]),
    );
    if !args.all && args.only.is_empty() {
        let left_out: Vec<String> = further.collect();
        let (count, names) = (left_out.len(), left_out.join(", "));
        println!("skipped: {count} scenarios that run on request only (--all): {names}");
        return Ok(known);
    }
    known.extend(further);
    let is_chosen = |name: &&String| args.only.iter().any(|part| name.contains(part));
    let chosen: Vec<String> = match args.only.is_empty() {
        true => known.clone(),
        false => known.iter().filter(is_chosen).cloned().collect(),
    };
    if chosen.is_empty() {
        let (only, known) = (args.only.join(", "), known.join(", "));
        bail!("no scenario is named {only:?}: known are {known}");
    }
    Ok(chosen)
}

/// The summary shows what follows the last colon.
fn skip(name: &str, reason: &str) -> String {
    format!("{name}: {}", reason.replace(": ", ", "))
}

pub(super) fn scenarios() -> Vec<String> {
    let named = |tree: &'static str| {
        let all = leftovers::SCENARIOS.iter();
        all.filter(move |scenario| scenario.runs_on(tree))
            .map(move |scenario| format!("{tree}:{}", scenario.name))
    };
    let docker = named("bookworm").chain(named("trixie"));
    let others = ["resolved", "node_exporter", "fleet"].map(str::to_owned);
    let engines = docker.chain(live::scenarios());
    engines.chain(runtimes::scenarios()).chain(others).collect()
}

fn cannot_run() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some(
            "real daemons need root, for namespaces with a mount table of their own".to_owned(),
        );
    }
    let needs = [
        ("unshare", "util-linux"),
        ("timeout", "coreutils"),
        ("apt-get", "apt"),
    ];
    if let Err(error) = packages::provide(&needs, "cargo xtask daemons") {
        return Some(format!("{error:#}"));
    }
    let output = namespaces::unshare().arg("true").output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

fn build_tool() -> Result<PathBuf> {
    let mut cargo = crate::cargo::cargo([
        "build",
        "--quiet",
        "-p",
        "daemon-host-cli",
        "--message-format=json-render-diagnostics",
    ]);
    let text = crate::cargo::output(&mut cargo).context("building daemon-host")?;
    let artifact = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|message| {
            message["target"]["name"] == "daemon-host" && message["executable"].is_string()
        });
    let path = artifact.and_then(|message| message["executable"].as_str().map(PathBuf::from));
    path.context("cargo built no daemon-host")
}

fn inside(scenario: &str, tree: &OsStr, scratch: &Path, tool: &Path) -> Result<()> {
    let stage = Stage::set(tree, scratch, tool)?;
    let line = match scenario.split_once(':') {
        Some((_, name)) if name.starts_with("live-") => live::run(
            name.trim_start_matches("live-"),
            &stage,
            &namespaces::group(scratch),
        )?,
        Some((tree, name)) if runtimes::is_scene(name) => {
            runtimes::run(tree, name, &stage, &namespaces::group(scratch))?
        }
        Some((_, name)) => leftovers::Run {
            scenario: leftovers::scenario(name)?,
            stage,
            group: namespaces::group(scratch),
        }
        .run()?,
        _ if scenario == "node_exporter" => node_exporter::run(&stage)?,
        _ if scenario == "fleet" => fleet::run(&stage)?,
        _ => resolved::run(&stage)?,
    };
    println!("{line}");
    Ok(())
}

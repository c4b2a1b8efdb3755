//! `engines list`: shows the engines of this machine, and how each was found.

use std::path::PathBuf;

use anyhow::ensure;
use daemon_host::engines::{Engine, FoundEngine};
use daemon_host::rootmount;
use serde::Serialize;
use serde_json::json;

use super::survey::{EngineFiles, Survey, survey, words};
use crate::exit::Exit;
use crate::input::look;
use crate::output::{Bytes, Cell, Ink, Output, Table};
use crate::place::PidArgs;
use crate::root::EvidenceArgs;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The engines that this machine has, where they mount, and how they were found.
    #[command(after_help = "\
Exit code 1 when something could not be looked at: an engine may hide behind it.

Examples:
  daemon-host engines list
  daemon-host engines list --json")]
    List(ListArgs),
    /// The built-in engines, in the form of a file of one's own.
    #[command(after_help = "\
Examples:
  daemon-host engines show docker > own.toml     to begin a file of one's own
  daemon-host engines show --json")]
    Show(ShowArgs),
    /// Check a file of engines, TOML or JSON.
    #[command(after_help = "\
Exit code 1 when it has a fault, which is named with its line.

Examples:
  daemon-host engines check own.toml")]
    Check(CheckArgs),
}

/// The arguments of `engines list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    files: EngineFiles,

    #[command(flatten)]
    pid: PidArgs,
}

/// The arguments of `engines show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Only these engines, by name.
    name: Vec<String>,
}

/// The arguments of `engines check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The file: TOML where its name ends in .toml, else JSON.
    file: PathBuf,
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::List(args) => list(args, out),
        Command::Show(args) => show(args, out),
        Command::Check(args) => check(args, out),
    }
}

fn show(args: &ShowArgs, out: &Output) -> anyhow::Result<Exit> {
    let mut engines = Engine::built_in();
    let known = words(&engines);
    for name in &args.name {
        let all = known.join(", ");
        ensure!(known.contains(name), "{name:?}: unknown; known are {all}");
    }
    let is_named = |engine: &Engine| args.name.iter().any(|name| engine.is_called(name));
    engines.retain(|engine| args.name.is_empty() || is_named(engine));
    match out.is_json() {
        true => out.json(&Engine::to_json(&engines))?,
        // Not folded: it is a file that somebody may keep.
        false => out.bytes(Engine::to_toml(&engines).as_bytes())?,
    }
    Ok(Exit::Fine)
}

fn check(args: &CheckArgs, out: &Output) -> anyhow::Result<Exit> {
    let (names, problem) = match look(&args.file, Engine::from_file)? {
        Ok(engines) => (
            engines.into_iter().map(|engine| engine.name).collect(),
            None,
        ),
        Err(bad) if bad.line().is_none() => return Err(bad.into()),
        Err(bad) => (Vec::new(), Some(bad)),
    };
    let exit = Exit::finding_if(problem.is_some());
    if out.is_json() {
        let problem = problem.map(|bad| json!({ "line": bad.line(), "message": bad.to_string() }));
        out.json(&json!({ "engines": names, "problem": problem }))?;
    } else if let Some(bad) = problem {
        out.text(&format!("{}: {bad}\n", args.file.display()))?;
    } else {
        out.text(&format!("no faults; engines: {}\n", names.join(", ")))?;
    }
    Ok(exit)
}

fn list(args: &ListArgs, out: &Output) -> anyhow::Result<Exit> {
    args.files.load()?;
    args.pid.enter()?;
    let table = rootmount::live_table()?;
    let found = survey(&table, &EvidenceArgs::default(), &args.files, None, None)?;
    if out.is_json() {
        out.json(&to_json(&found))?;
    } else {
        out.text(&to_text(&found))?;
    }
    Ok(Exit::finding_if(!found.detection.unread.is_empty()))
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'s> {
    engines: Vec<EngineJson<'s>>,
    unread: Vec<String>,
}

#[derive(Serialize)]
struct EngineJson<'s> {
    name: &'s str,
    place: &'s str,
    user: Option<u32>,
    running: bool,
    mount_namespace: Option<u64>,
    pids: Vec<u32>,
    roots: Vec<RootJson<'s>>,
}

#[derive(Serialize)]
struct RootJson<'s> {
    root: &'s str,
    #[serde(flatten)]
    path: Bytes<'s>,
    because: &'s [String],
}

fn to_json(survey: &Survey) -> Answer<'_> {
    let engine = |found| EngineJson::new(found);
    let engines = survey.detection.engines.iter().map(engine);
    Answer {
        engines: engines.collect(),
        unread: survey
            .detection
            .unread
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

impl<'s> EngineJson<'s> {
    fn new(found: &'s FoundEngine) -> Self {
        let roots = found.roots.iter().map(|root| RootJson {
            root: &root.root,
            path: Bytes::path("path", &root.path),
            because: &root.because,
        });
        Self {
            name: &found.engine.name,
            place: &found.place,
            user: found.user,
            running: found.is_running(),
            mount_namespace: found.namespace,
            pids: found.daemons.iter().map(|daemon| daemon.pid).collect(),
            roots: roots.collect(),
        }
    }
}

fn to_text(survey: &Survey) -> String {
    let detection = &survey.detection;
    let mut table = Table::new(&["ENGINE", "PLACE", "ROOT", "DIRECTORY", "FOUND BY"]);
    for found in &detection.engines {
        let place = match (found.user, found.namespace) {
            (_, Some(namespace)) => format!("mount namespace {namespace}"),
            (Some(user), None) => format!("user {user}"),
            (None, None) => found.place.clone(),
        };
        for root in &found.roots {
            table.row([
                found.engine.name.as_str().into(),
                place.as_str().into(),
                root.root.as_str().into(),
                root.path.to_string_lossy().as_ref().into(),
                Cell::inked(Ink::Dim, root.because.join("; ")),
            ]);
        }
    }
    let mut text = match detection.engines.is_empty() {
        true => "no engine was found\n".to_owned(),
        false => table.render(),
    };
    for unread in survey.unseen() {
        text.push_str(&format!("not seen: {unread}\n"));
    }
    text
}

//! `engines list`: the engines of this machine, and how each was found.

use daemon_host::engines::FoundEngine;
use daemon_host::rootmount;
use serde::Serialize;

use super::survey::{Survey, survey};
use crate::exit::Exit;
use crate::output::{Bytes, Cell, Ink, Output, Table};
use crate::root::EvidenceArgs;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The engines that this machine has, where they mount, and how they were found.
    #[command(after_help = "\
Exit code 1 when something could not be looked at: an engine may hide behind it.

Examples:
  daemon-host engines list
  daemon-host engines list --json")]
    List,
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::List => list(out),
    }
}

fn list(out: &Output) -> anyhow::Result<Exit> {
    let table = rootmount::live_table()?;
    let found = survey(&table, &EvidenceArgs::default(), None, None)?;
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
    for unread in &detection.unread {
        text.push_str(&format!("not seen: {unread}\n"));
    }
    text
}

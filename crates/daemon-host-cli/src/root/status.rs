//! `root status`: what the data root is mounted on, who owns it, what is left below it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use daemon_host::rootmount::{self, Kept, Ownership, Status, Step};
use serde::Serialize;

use super::{EvidenceArgs, EvidenceJson, RootArgs, RootState};
use crate::engines::{EngineFiles, Leftovers, LeftoversJson, survey};
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    root: RootArgs,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    engines: EngineFiles,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let options = args.root.existing()?;
    let liveness = args.evidence.liveness(&options.exec_root)?;
    let (others, is_alone) = match args.root.names_one() {
        true => (Vec::new(), false),
        false => {
            let missing = fs::symlink_metadata(&options.root);
            let is_missing = missing.is_err_and(|e| e.kind() == ErrorKind::NotFound);
            (others(args, &options.root)?, is_missing)
        }
    };
    let is_left = others.iter().any(Leftovers::has_news);
    // There is no Docker here, and none was named.
    if is_alone && !others.is_empty() {
        match out.is_json() {
            true => out.json(&serde_json::json!({ "engines": to_json(&others) }))?,
            false => out.text(&others.iter().map(Leftovers::text).collect::<String>())?,
        }
        return Ok(Exit::finding_if(is_left));
    }
    let state = RootState::read(&options, &liveness)?;
    if out.is_json() {
        out.json(&Answer::new(&state, &others))?;
    } else {
        let others: String = others.iter().map(Leftovers::text).collect();
        out.text(&format!("{}{others}", status_text(&state)))?;
    }
    let is_left = is_left || !state.plan.steps().is_empty() || state.plan.is_uncertain();
    Ok(Exit::finding_if(is_left || is_doubtful(&state.status)))
}

/// What other engines have mounted below their directories.
fn others(args: &Args, root: &Path) -> anyhow::Result<Vec<Leftovers>> {
    let table = rootmount::live_table()?;
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let survey = survey(&table, &args.evidence, &args.engines, None, Some(&root))?;
    let plans = survey.with_mounts(&table);
    plans.map(|target| target.plan(&table)).collect()
}

fn to_json(others: &[Leftovers]) -> Vec<LeftoversJson<'_>> {
    others.iter().map(Leftovers::to_json).collect()
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'s> {
    #[serde(flatten)]
    status: &'s Status,
    leftovers: &'s [Step],
    kept: &'s [Kept],
    live: Option<usize>,
    contradictions: Vec<String>,
    evidence: EvidenceJson<'s>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    engines: Vec<LeftoversJson<'s>>,
}

impl<'s> Answer<'s> {
    fn new(state: &'s RootState, others: &'s [Leftovers]) -> Self {
        let contradictions = state.plan.contradictions().iter();
        Self {
            status: &state.status,
            leftovers: state.plan.steps(),
            kept: state.plan.kept(),
            live: state.live(),
            contradictions: contradictions.map(ToString::to_string).collect(),
            evidence: EvidenceJson::new(&state.evidence),
            engines: to_json(others),
        }
    }
}

/// Whether the ownership record says something that is not true.
pub(crate) fn is_doubtful(status: &Status) -> bool {
    !status.ownership.is_ours() && !matches!(status.ownership, Ownership::Unrecorded)
}

fn status_text(state: &RootState) -> String {
    let status = &state.status;
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
    table.row(["leftovers".into(), leftovers(state)]);
    let live = state
        .live()
        .map_or("unknown".to_owned(), |live| live.to_string());
    table.row(["live containers".into(), live.into()]);
    for doubt in state.doubts() {
        table.row(["cannot be told".into(), Cell::inked(Ink::Warn, doubt)]);
    }
    table.render()
}

fn leftovers(state: &RootState) -> Cell {
    match (state.plan.steps().len(), state.unknown()) {
        (0, 0) => Cell::inked(Ink::Good, "none"),
        (0, unknown) => Cell::inked(Ink::Warn, format!("perhaps {unknown}; see below")),
        (n, 0) => {
            let see = format!("{n}; see daemon-host root cleanup --dry-run");
            Cell::inked(Ink::Warn, see)
        }
        (n, unknown) => Cell::inked(Ink::Warn, format!("{n}, and perhaps {unknown} more")),
    }
}

//! `root status`: what the data root is mounted on, who owns it, what is left below it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use daemon_host::rootmount::{self, Kept, Ownership, Status, Step, short_ids};
use serde::Serialize;

use super::{EvidenceArgs, EvidenceJson, OfTypeJson, RootArgs, RootState, Roots, others_text};
use crate::engines::{Elsewhere, EngineFiles, Leftovers, LeftoversJson, elsewhere, survey};
use crate::exit::Exit;
use crate::input::look;
use crate::output::{Cell, Ink, Output, Table, paint, shown};
use crate::place::{self, PidArgs, Surroundings};

/// What is said where no engine is.
const NOTHING: &str = "no engine has anything mounted here\n";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    root: RootArgs,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    engines: EngineFiles,

    #[command(flatten)]
    pid: PidArgs,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.engines.load()?;
    args.pid.enter()?;
    let Roots { options, doubt } = args.root.existing()?;
    let liveness = args.evidence.liveness(&options.exec_root, doubt)?;
    let place = place::surroundings();
    let (others, is_alone) = match args.root.names_one() {
        true => (Others::default(), false),
        false => {
            let missing = look(&options.root, |root| fs::symlink_metadata(root))?;
            let is_missing = missing.is_err_and(|e| e.kind() == ErrorKind::NotFound);
            (Others::find(args, &options.root)?, is_missing)
        }
    };
    let is_left = others.leftovers.iter().any(Leftovers::has_news) || !others.unseen.is_empty();
    // There is no Docker here, and none was named.
    if is_alone {
        match out.is_json() {
            true => out.json(&Answer::of_others(&others, &place))?,
            false => {
                let nothing = if others.is_empty() { NOTHING } else { "" };
                let others = others.text();
                out.text(&format!("{nothing}{others}{}", place_text(&place)))?;
            }
        }
        return Ok(Exit::finding_if(is_left));
    }
    let state = RootState::read(&options, &liveness)?;
    if out.is_json() {
        out.json(&Answer {
            root: Some(RootJson::new(&state)),
            ..Answer::of_others(&others, &place)
        })?;
    } else {
        let (status, others) = (status_text(&state), others.text());
        out.text(&format!("{status}{others}{}", place_text(&place)))?;
    }
    let is_left = is_left || !state.plan.steps().is_empty() || state.plan.is_uncertain();
    Ok(Exit::finding_if(is_left || is_doubtful(&state.status)))
}

/// What is known of engines other than the one of the data root.
#[derive(Default)]
struct Others {
    /// What they have mounted below their directories.
    leftovers: Vec<Leftovers>,
    /// Those in other mount namespaces.
    elsewhere: Vec<Elsewhere>,
    /// What could not be looked at: an engine may hide there.
    unseen: Vec<String>,
}

impl Others {
    fn find(args: &Args, root: &Path) -> anyhow::Result<Self> {
        let table = rootmount::live_table()?;
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let survey = survey(&table, &args.evidence, &args.engines, None, Some(&root))?;
        let plans = survey.with_mounts(&table);
        Ok(Self {
            leftovers: plans
                .map(|target| target.plan(&table))
                .collect::<anyhow::Result<_>>()?,
            elsewhere: elsewhere(&survey.detection),
            unseen: survey.unseen(),
        })
    }

    fn is_empty(&self) -> bool {
        self.leftovers.is_empty() && self.elsewhere.is_empty()
    }

    fn text(&self) -> String {
        let left = self.leftovers.iter().map(Leftovers::text);
        let elsewhere = self.elsewhere.iter();
        let elsewhere = elsewhere.map(|one| format!("{}\n", paint(Ink::Warn, one.line())));
        let unseen = self.unseen.iter();
        let unseen =
            unseen.map(|what| format!("an engine may be here that cannot be seen: {what}\n"));
        left.chain(elsewhere).chain(unseen).collect()
    }
}

/// Where the command stands, one line for each thing.
fn place_text(place: &Surroundings) -> String {
    let lines = place.sentences().into_iter();
    lines
        .map(|line| format!("{}\n", paint(Ink::Warn, format_args!("this is {line}"))))
        .collect()
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'s> {
    #[serde(flatten)]
    root: Option<RootJson<'s>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    engines: Vec<LeftoversJson<'s>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    elsewhere: &'s [Elsewhere],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unseen: &'s [String],
    place: &'s Surroundings,
}

impl<'s> Answer<'s> {
    fn of_others(others: &'s Others, place: &'s Surroundings) -> Self {
        Self {
            root: None,
            engines: others.leftovers.iter().map(Leftovers::to_json).collect(),
            elsewhere: &others.elsewhere,
            unseen: &others.unseen,
            place,
        }
    }
}

/// The part of the answer that is about the data root.
#[derive(Serialize)]
struct RootJson<'s> {
    #[serde(flatten)]
    status: &'s Status,
    leftovers: &'s [Step],
    kept: &'s [Kept],
    other_mounts: Vec<OfTypeJson<'s>>,
    live: Option<usize>,
    contradictions: Vec<String>,
    evidence: EvidenceJson<'s>,
}

impl<'s> RootJson<'s> {
    fn new(state: &'s RootState) -> Self {
        let contradictions = state.plan.contradictions().iter();
        Self {
            status: &state.status,
            leftovers: state.plan.steps(),
            kept: state.plan.kept(),
            other_mounts: OfTypeJson::all(&state.others),
            live: state.live(),
            contradictions: contradictions.map(ToString::to_string).collect(),
            evidence: EvidenceJson::new(&state.evidence),
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
        format!("no, held by {}", shown(&holder.mount.mount_point))
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
    if !state.others.is_empty() {
        let others = others_text(&state.others);
        table.row(["other mounts".into(), Cell::inked(Ink::Warn, others)]);
    }
    let live = state
        .live()
        .map_or_else(|| unknown_live(state).to_owned(), |live| live.to_string());
    table.row(["live containers".into(), live.into()]);
    for doubt in state.doubts() {
        table.row([
            "cannot be told".into(),
            Cell::inked(Ink::Warn, short_ids(&doubt)),
        ]);
    }
    table.render()
}

/// What is said where the number of live containers is not known.
fn unknown_live(state: &RootState) -> &'static str {
    match state.evidence.looked.is_empty() {
        true => "unknown: no states of a runtime are here to ask",
        false => "unknown",
    }
}

fn leftovers(state: &RootState) -> Cell {
    match (state.plan.steps().len(), state.unknown()) {
        (0, 0) => Cell::inked(Ink::Good, "none"),
        (0, unknown) => Cell::inked(Ink::Warn, format!("perhaps {unknown}; see below")),
        (n, 0) => {
            let see = format!(
                "{n}; see daemon-host root cleanup{} --dry-run",
                place::flags()
            );
            Cell::inked(Ink::Warn, see)
        }
        (n, unknown) => Cell::inked(Ink::Warn, format!("{n}, and perhaps {unknown} more")),
    }
}

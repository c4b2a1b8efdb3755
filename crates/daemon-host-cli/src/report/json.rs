//! The report as JSON.

use std::collections::BTreeMap;

use daemon_host::rootmount::Status;
use serde::Serialize;
use serde_json::Value;

use super::collect::{Facts, Known};
use super::finding::Finding;
use super::mounts::{Probed, Repeated, State};
use crate::addrs::LinkJson;
use crate::output::Bytes;
use crate::place::Surroundings;
use crate::root::{EvidenceJson, OfTypeJson};
use crate::{resolv_conf, rro};

/// The whole report, indented, with a final newline.
pub(super) fn json(facts: &Facts, findings: &[Finding]) -> serde_json::Result<String> {
    let report = Report {
        host: &facts.host,
        kernel: Kernel {
            release: &facts.kernel,
            boot_id: facts.boot_id.as_deref(),
            mount_queries: format!("{:?}", facts.queries).to_lowercase(),
        },
        findings,
        mounts: Part::of(&facts.mounts, |mounts| Mounts {
            count: mounts.count,
            malformed: mounts.malformed,
            by_type: &mounts.by_type,
            repeated: repeated(&mounts.repeated),
            max: mounts.max,
            probed: mounts.probed.as_deref().map(probed),
        }),
        root: root(facts),
        resolv_conf: resolv_conf::selection_json(facts.selection()).into(),
        links: Part::of(&facts.links, |links| {
            links.iter().map(LinkJson::new).collect()
        }),
        rro: ReadOnly {
            verdict: facts.rro.as_str(),
            detail: facts.rro.to_string(),
        },
        runtimes: Part::of(&facts.runtimes, |(inspected, table)| RuntimesJson {
            default: table.default_name(),
            probed: facts.probed,
            problems: inspected.problems.len(),
            runtimes: rro::ask(table).iter().map(rro::Asked::to_json).collect(),
        }),
        place: &facts.place,
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn root(facts: &Facts) -> Root<'_> {
    let state = facts.root.state.as_ref();
    Root {
        path: Bytes::path("path", &facts.root.path),
        exists: state.is_some(),
        state: state.map(|state| {
            Part::of(state, |state| RootState {
                status: &state.status,
                live: state.live(),
                leftovers: state.plan.steps().len(),
                unknown: state.unknown(),
                other_mounts: OfTypeJson::all(&state.others),
                evidence: EvidenceJson::new(&state.evidence),
            })
        }),
    }
}

#[derive(Serialize)]
struct Report<'r> {
    host: &'r str,
    kernel: Kernel<'r>,
    findings: &'r [Finding],
    mounts: Part<'r, Mounts<'r>>,
    root: Root<'r>,
    resolv_conf: Value,
    links: Part<'r, Vec<LinkJson<'r>>>,
    rro: ReadOnly<'r>,
    runtimes: Part<'r, RuntimesJson<'r>>,
    place: &'r Surroundings,
}

/// A part of the report, or why it could not be found out.
#[derive(Serialize)]
#[serde(untagged)]
enum Part<'r, T> {
    Known(T),
    Unknown { error: &'r str },
}

impl<'r, T> Part<'r, T> {
    fn of<F>(known: &'r Known<F>, shape: impl FnOnce(&'r F) -> T) -> Self {
        match known {
            Ok(fact) => Self::Known(shape(fact)),
            Err(error) => Self::Unknown { error },
        }
    }
}

#[derive(Serialize)]
struct Kernel<'r> {
    release: &'r str,
    boot_id: Option<&'r str>,
    mount_queries: String,
}

#[derive(Serialize)]
struct Mounts<'r> {
    count: usize,
    malformed: usize,
    by_type: &'r BTreeMap<String, usize>,
    repeated: Vec<RepeatedJson<'r>>,
    max: Option<u64>,
    probed: Option<Vec<ProbedJson<'r>>>,
}

/// A part of a file system that has several mounts, by the first of them.
#[derive(Serialize)]
struct RepeatedJson<'r> {
    #[serde(flatten)]
    mount_point: Bytes<'r>,
    device: String,
    #[serde(flatten)]
    root: Bytes<'r>,
    fs_type: &'r str,
    count: usize,
}

fn repeated(parts: &[Repeated]) -> Vec<RepeatedJson<'_>> {
    let json = parts.iter().map(|part| RepeatedJson {
        mount_point: Bytes::path("mount_point", &part.first),
        device: part.device.to_string(),
        root: Bytes::path("root", &part.root),
        fs_type: &part.fs_type,
        count: part.count,
    });
    json.collect()
}

/// A mount that did not answer well, or that was not asked.
#[derive(Serialize)]
struct ProbedJson<'r> {
    #[serde(flatten)]
    mount_point: Bytes<'r>,
    fs_type: &'r str,
    state: &'static str,
    detail: Option<&'r str>,
}

fn probed(mounts: &[Probed]) -> Vec<ProbedJson<'_>> {
    let mounts = mounts.iter().map(|mount| ProbedJson {
        mount_point: Bytes::path("mount_point", &mount.mount_point),
        fs_type: &mount.fs_type,
        state: mount.state.as_str(),
        detail: match &mount.state {
            State::Dead(why) | State::Unknown(why) => Some(why),
            State::Skipped(why) => Some(why),
            State::Answers | State::Hung => None,
        },
    });
    mounts.collect()
}

#[derive(Serialize)]
struct Root<'r> {
    #[serde(flatten)]
    path: Bytes<'r>,
    exists: bool,
    #[serde(flatten)]
    state: Option<Part<'r, RootState<'r>>>,
}

#[derive(Serialize)]
struct RootState<'r> {
    status: &'r Status,
    live: Option<usize>,
    leftovers: usize,
    unknown: usize,
    other_mounts: Vec<OfTypeJson<'r>>,
    evidence: EvidenceJson<'r>,
}

#[derive(Serialize)]
struct ReadOnly<'r> {
    verdict: &'r str,
    detail: String,
}

#[derive(Serialize)]
struct RuntimesJson<'r> {
    default: &'r str,
    probed: bool,
    problems: usize,
    runtimes: Vec<Value>,
}

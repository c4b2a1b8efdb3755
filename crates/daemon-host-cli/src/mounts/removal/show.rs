//! Writes the answer as JSON and as text. Pure.

use std::path::Path;

use daemon_host::rootmount::short_ids;
use serde::Serialize;

use super::reason::{Kind, Reason};
use crate::output::{Bytes, Cell, Ink, Table, paint, shown};

/// How many reasons of a kind are shown in text.
const SHOWN: usize = 8;

#[derive(Serialize)]
pub(super) struct Answer<'r> {
    #[serde(flatten)]
    directory: Bytes<'r>,
    verdict: &'static str,
    reasons: Vec<ReasonJson<'r>>,
}

#[derive(Serialize)]
struct ReasonJson<'r> {
    kind: &'static str,
    what: &'r str,
    #[serde(flatten)]
    path: Option<Bytes<'r>>,
    namespace: Option<u64>,
    pid: Option<u32>,
}

impl<'r> Answer<'r> {
    pub(super) fn new(directory: &'r Path, reasons: &'r [Reason]) -> Self {
        let json = |reason: &'r Reason| ReasonJson {
            kind: reason.kind.as_str(),
            what: &reason.what,
            path: reason.path.as_ref().map(|path| Bytes::path("path", path)),
            namespace: reason.namespace,
            pid: reason.pid,
        };
        Self {
            directory: Bytes::path("directory", directory),
            verdict: verdict(reasons),
            reasons: reasons.iter().map(json).collect(),
        }
    }
}

fn verdict(reasons: &[Reason]) -> &'static str {
    match reasons {
        [] => "safe",
        reasons if reasons.iter().all(|reason| reason.kind.is_doubt()) => "unknown",
        _ => "not-safe",
    }
}

pub(super) fn text(directory: &Path, reasons: &[Reason]) -> String {
    let path = shown(directory);
    let said = match verdict(reasons) {
        "safe" => {
            let said = format!("Nothing was found that stands against removing {path}.");
            return format!("{}\n", paint(Ink::Good, said));
        }
        "unknown" => format!("It cannot be known whether {path} may be removed:"),
        _ => format!("Do not remove {path}:"),
    };
    let mut table = Table::without_heads();
    for kind in reasons.chunk_by(|one, next| one.kind == next.kind) {
        for reason in kind.iter().take(SHOWN) {
            table.row(row(reason));
        }
        if kind.len() > SHOWN {
            let more = format!("and {} more", kind.len() - SHOWN);
            let word = Cell::inked(Ink::Dim, kind[0].kind.as_str());
            table.row([word, Cell::inked(Ink::Dim, more), "".into()]);
        }
    }
    let mut text = format!("{}\n", paint(Ink::Bad, said));
    text.push_str(&table.render_indented(2));
    text.push_str(advice(reasons));
    text
}

fn row(reason: &Reason) -> [Cell; 3] {
    let path = reason
        .path
        .as_ref()
        .map(|path| path.to_string_lossy().into_owned());
    let pid = reason.pid.map(|pid| format!("pid {pid}"));
    let place = path.or(pid).unwrap_or_default();
    let space = reason.namespace.map(|inode| format!(" (in mnt:[{inode}])"));
    let ink = match reason.kind {
        Kind::Remote | Kind::Bind => Ink::Bad,
        _ => Ink::Warn,
    };
    let what = format!("{}{}", reason.what, space.unwrap_or_default());
    [
        Cell::inked(ink, reason.kind.as_str()),
        short_ids(&place).into(),
        short_ids(&what).into(),
    ]
}

/// What to do first, and what would be lost.
fn advice(reasons: &[Reason]) -> &'static str {
    let is_lost = |reason: &Reason| matches!(reason.kind, Kind::Remote | Kind::Bind | Kind::Mount);
    match reasons.iter().any(is_lost) {
        true => "A recursive removal would delete what is mounted there. Unmount it first.\n",
        false => "",
    }
}

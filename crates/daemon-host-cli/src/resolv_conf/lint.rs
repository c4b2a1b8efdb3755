//! `resolv-conf lint`: a file explained line by line.

use std::path::PathBuf;

use daemon_host::resolvconf::{Diagnostic, Document, Severity};
use serde_json::{Map, Value, json};

use super::{json, read_document};
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table};

/// Characters of a line that are shown.
const SHOWN: usize = 200;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 1 when a line has a problem that is more than a note.

Examples:
  daemon-host resolv-conf lint
  daemon-host resolv-conf lint captured/resolv.conf --json")]
pub(crate) struct Args {
    /// The file; - is standard input.
    #[arg(default_value = "/etc/resolv.conf")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let document = read_document(&args.file)?;
    if out.is_json() {
        out.json(&to_json(&document))?;
    } else {
        out.text(&to_text(&document))?;
    }
    let worth_a_look = |diagnostic: &Diagnostic<'_>| diagnostic.kind().severity() > Severity::Note;
    Ok(Exit::finding_if(
        document.diagnostics().iter().any(worth_a_look),
    ))
}

fn to_json(document: &Document) -> Value {
    let lines: Vec<Value> = document
        .explain()
        .iter()
        .map(|line| {
            let mut object = Map::new();
            object.insert("line".into(), line.line.into());
            json::text(&mut object, "text", line.text.as_bytes());
            object.insert("meaning".into(), line.meaning.as_str().into());
            let diagnostics = line.diagnostics.iter().map(diagnostic_json);
            object.insert("diagnostics".into(), diagnostics.collect());
            object.into()
        })
        .collect();
    json!({ "lines": lines, "diagnostics": diagnostics_json(document) })
}

/// Every diagnostic as `{"line","kind","text"}`; line 0 is the file as a whole.
pub(super) fn diagnostics_json(document: &Document) -> Vec<Value> {
    document.diagnostics().iter().map(diagnostic_json).collect()
}

fn diagnostic_json(diagnostic: &Diagnostic<'_>) -> Value {
    json!({
        "line": diagnostic.line(),
        "kind": diagnostic.kind().as_str(),
        "text": diagnostic.to_string(),
    })
}

fn to_text(document: &Document) -> String {
    let mut table = Table::without_heads().right(0);
    for line in document.explain() {
        if line.line > 0 {
            let number = Cell::inked(Ink::Dim, line.line.to_string());
            let (text, meaning) = (line.text.to_string(), line.meaning);
            table.row([number, clipped(text).into(), clipped(meaning).into()]);
        }
        for diagnostic in &line.diagnostics {
            let (ink, word) = match diagnostic.kind().severity() {
                Severity::Error => (Ink::Bad, "error"),
                Severity::Warning => (Ink::Warn, "warning"),
                _ => (Ink::Dim, "note"),
            };
            let said = Cell::inked(ink, format!("{word}: {diagnostic}"));
            table.row(["".into(), "".into(), said]);
        }
    }
    table.render()
}

/// For a person: one very long line must not push everything else out of sight.
fn clipped(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        let length = text.len();
        text.truncate(end);
        text.push_str(&format!("… ({length} bytes)"));
    }
    text
}

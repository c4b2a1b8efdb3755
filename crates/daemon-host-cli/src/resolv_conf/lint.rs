//! `resolv-conf lint`: a file explained line by line.

use std::path::PathBuf;

use daemon_host::resolvconf::{Diagnostic, Document, Explanation, Severity};
use serde_json::{Map, Value, json};

use super::json;
use super::read::read_document;
use super::readers::{ReadersArgs, View, views};
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table};

/// How many characters of a line are shown.
const SHOWN: usize = 200;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 1 when a line has a problem that is more than a note.

Examples:
  daemon-host resolv-conf lint
  daemon-host resolv-conf lint captured/resolv.conf --json
  daemon-host resolv-conf lint captured/resolv.conf --for all")]
pub(crate) struct Args {
    /// The file; - is standard input.
    #[arg(default_value = "/etc/resolv.conf")]
    file: PathBuf,

    #[command(flatten)]
    readers: ReadersArgs,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let document = read_document(&args.file)?;
    let readers = args.readers.readers()?;
    let lines = document.explain_for(&readers, &args.readers.context());
    let views = views(&document, &args.readers)?;
    if out.is_json() {
        out.json(&to_json(&lines, &views))?;
    } else {
        out.text(&to_text(&lines, &views))?;
    }
    let worth_a_look = |diagnostic: &Diagnostic<'_>| diagnostic.kind().severity() > Severity::Note;
    let mut found = lines.iter().flat_map(|line| &line.diagnostics);
    Ok(Exit::finding_if(found.any(worth_a_look)))
}

fn to_json(told: &[Explanation<'_>], views: &[View]) -> Value {
    let lines: Vec<Value> = told
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
    let mut found: Vec<_> = told.iter().flat_map(|line| &line.diagnostics).collect();
    // The worst first.
    found.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.kind().severity()));
    let diagnostics: Vec<Value> = found.into_iter().map(diagnostic_json).collect();
    let readers: Vec<Value> = views.iter().map(|view| view.json().into()).collect();
    json!({ "lines": lines, "diagnostics": diagnostics, "readers": readers })
}

/// Every diagnostic of the default readers. Line 0 is the file as a whole.
pub(super) fn diagnostics_json(document: &Document) -> Vec<Value> {
    document.diagnostics().iter().map(diagnostic_json).collect()
}

fn diagnostic_json(diagnostic: &Diagnostic<'_>) -> Value {
    json!({
        "line": diagnostic.line(),
        "kind": diagnostic.kind().as_str(),
        "text": diagnostic.to_string(),
        "severity": severity(diagnostic),
        "readers": diagnostic.readers().map(|reader| reader.name).collect::<Vec<_>>(),
        "more": diagnostic.more(),
    })
}

fn severity(diagnostic: &Diagnostic<'_>) -> &'static str {
    match diagnostic.kind().severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        _ => "note",
    }
}

fn to_text(lines: &[Explanation<'_>], views: &[View]) -> String {
    let mut table = Table::without_heads().right(0);
    for line in lines {
        if line.line > 0 {
            let number = Cell::inked(Ink::Dim, line.line.to_string());
            let (text, meaning) = (line.text.to_string(), line.meaning.clone());
            table.row([number, clipped(text).into(), clipped(meaning).into()]);
        }
        for diagnostic in &line.diagnostics {
            let word = severity(diagnostic);
            let ink = match diagnostic.kind().severity() {
                Severity::Error => Ink::Bad,
                Severity::Warning => Ink::Warn,
                _ => Ink::Dim,
            };
            let said = Cell::inked(ink, format!("{word}: {diagnostic}"));
            table.row(["".into(), "".into(), said]);
        }
    }
    let mut summary = Table::without_heads();
    for view in views {
        let ink = match view.effective.trouble {
            Some(_) => Ink::Bad,
            None => Ink::Head,
        };
        summary.row([
            Cell::inked(ink, view.reader.name),
            clipped(view.text()).into(),
        ]);
    }
    format!("{}\n{}", table.render(), summary.render())
}

/// Shortens text for a person. One very long line must not push everything else out of sight.
fn clipped(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        let length = text.len();
        text.truncate(end);
        text.push_str(&format!("… ({length} bytes)"));
    }
    text
}

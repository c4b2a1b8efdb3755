//! `resolv-conf`: the resolv.conf that containers get.

mod json;
mod lint;
mod render;
mod watch;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::resolvconf::{
    DEFAULT_SIZE_LIMIT, Document, SelectOptions, Selection, find, load, parse, select,
};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::output::{Ink, Output, paint, path_fields};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Which file containers should inherit, and why.
    Select(SelectArgs),
    /// What a container's file would hold.
    Render(render::Args),
    /// Explain a file line by line, with what each resolver makes of it.
    Lint(lint::Args),
    /// Follow the selected file; told again each time its content changes.
    Watch(watch::Args),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  daemon-host resolv-conf select
  daemon-host resolv-conf select --etc captured/resolv.conf --uplink captured/uplink.conf")]
pub(crate) struct SelectArgs {
    /// The host's resolv.conf.
    #[arg(long, value_name = "FILE")]
    etc: Option<PathBuf>,

    /// systemd-resolved's file with the uplink servers.
    #[arg(long, value_name = "FILE")]
    uplink: Option<PathBuf>,
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::Select(args) => show_selection(args, out),
        Command::Render(args) => render::run(args, out),
        Command::Lint(args) => lint::run(args, out),
        Command::Watch(args) => watch::run(args, out),
    }
}

impl SelectArgs {
    fn options(&self) -> SelectOptions {
        let mut options = SelectOptions::new();
        if let Some(etc) = &self.etc {
            options.etc.clone_from(etc);
        }
        if let Some(uplink) = &self.uplink {
            options.uplink.clone_from(uplink);
        }
        options
    }
}

fn show_selection(args: &SelectArgs, out: &Output) -> anyhow::Result<Exit> {
    let selection = select(&find(&args.options()));
    if out.is_json() {
        out.json(&selection_json(&selection))?;
    } else {
        out.text(&selection_text(&selection))?;
    }
    Ok(Exit::Fine)
}

/// The contract's `{"path","reason"}`, with the reason in words beside it.
pub(crate) fn selection_json(selection: &Selection) -> Map<String, Value> {
    let mut object = Map::new();
    path_fields(&mut object, "path", &selection.path);
    object.insert("reason".into(), selection.reason.as_str().into());
    object.insert("detail".into(), selection.reason.to_string().into());
    object.insert("mode".into(), selection.mode.as_str().into());
    object
}

fn selection_text(selection: &Selection) -> String {
    let path = paint(Ink::Head, selection.path.display());
    format!("{path}\n{}\n", paint(Ink::Dim, selection.reason))
}

/// A document from a file or, for `-`, from standard input.
fn read_document(path: &Path) -> anyhow::Result<Document> {
    if path != Path::new("-") {
        return Ok(load(path)?);
    }
    let mut text = Vec::new();
    std::io::stdin()
        .take(DEFAULT_SIZE_LIMIT + 1)
        .read_to_end(&mut text)
        .context("read standard input")?;
    anyhow::ensure!(
        text.len() as u64 <= DEFAULT_SIZE_LIMIT,
        "standard input is larger than {DEFAULT_SIZE_LIMIT} bytes"
    );
    Ok(parse(&text))
}

//! `resolv-conf`: the resolv.conf that containers get.

mod explain;
mod json;
mod judge;
mod lint;
mod readers;
mod render;
mod watch;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::resolvconf::{
    Current, DEFAULT_SIZE_LIMIT, Document, NetworkKind, SelectOptions, Selection, current, load,
    parse,
};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::output::{Ink, Output, paint, path_fields};

pub(crate) use judge::{PerNetwork, findings, per_network};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Which file containers should inherit, and why.
    Select(SelectArgs),
    /// What a container's file would hold.
    Render(render::Args),
    /// Explain a file line by line, with what each resolver makes of it.
    Lint(lint::Args),
    /// The queries that a look-up of a name makes, for each resolver.
    Explain(explain::Args),
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

    /// The kind of network the container is on. Networks that reach the host's
    /// own resolver inherit the host's file.
    #[arg(long, value_enum, default_value = "default")]
    network: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// The default bridge, and networks without a resolver.
    Default,
    /// A network with the daemon's own resolver.
    UserDefined,
    /// The host's network.
    Host,
}

impl From<Kind> for NetworkKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Default => Self::Default,
            Kind::UserDefined => Self::UserDefined,
            Kind::Host => Self::Host,
        }
    }
}

pub(crate) fn run(command: &Command, out: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::Select(args) => show_selection(args, out),
        Command::Render(args) => render::run(args, out),
        Command::Lint(args) => lint::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Watch(args) => watch::run(args, out),
    }
}

impl SelectArgs {
    fn options(&self) -> SelectOptions {
        let mut options = SelectOptions::for_network(self.network.into());
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
    let current = current(&args.options());
    if out.is_json() {
        let mut object = selection_json(&current.selection);
        object.insert("unreadable".into(), current.unreadable.into());
        out.json(&object)?;
    } else {
        out.text(&selection_text(&current))?;
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
    object.insert("network".into(), selection.network.as_str().into());
    match &selection.link_target {
        Some(target) => path_fields(&mut object, "link_target", target),
        None => drop(object.insert("link_target".into(), Value::Null)),
    }
    object
}

fn selection_text(current: &Current) -> String {
    let selection = &current.selection;
    let mut text = paint(Ink::Head, selection.path.display()).to_string();
    if let Some(target) = &selection.link_target {
        text.push_str(&format!(" -> {}", target.display()));
    }
    text.push_str(&format!("\n{}\n", paint(Ink::Dim, selection.reason)));
    if let Some(error) = &current.unreadable {
        text.push_str(&format!("{}\n", paint(Ink::Bad, error)));
    }
    text
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

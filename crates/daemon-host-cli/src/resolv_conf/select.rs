//! `resolv-conf select`: says which file containers should inherit.

use std::path::PathBuf;

use daemon_host::resolvconf::{Behind, Current, NetworkKind, SelectOptions, Selection, current};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::output::{Ink, Output, paint, path_fields};

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

impl SelectArgs {
    pub(super) fn options(&self) -> SelectOptions {
        let mut options = SelectOptions::for_network(self.network.into());
        if let Some(etc) = &self.etc {
            options.etc.clone_from(etc);
        }
        if let Some(uplink) = &self.uplink {
            options.uplink.clone_from(uplink);
        }
        // Captured files are of another host, whose stub is not this one's.
        let usual = SelectOptions::default();
        if options.etc != usual.etc || options.uplink != usual.uplink {
            options.behind = None;
        }
        options
    }
}

pub(super) fn run(args: &SelectArgs, out: &Output) -> anyhow::Result<Exit> {
    let current = current(&args.options());
    if out.is_json() {
        let mut object = selection_json(&current.selection);
        object.insert("unreadable".into(), current.unreadable.into());
        object.insert("uplink_unreadable".into(), current.uplink_unreadable.into());
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
    object.insert("detail".into(), selection.explanation().into());
    object.insert("mode".into(), selection.mode.as_str().into());
    object.insert("network".into(), selection.network.as_str().into());
    object.insert("lost".into(), selection.lost.as_ref().map(lost_json).into());
    match &selection.link_target {
        Some(target) => path_fields(&mut object, "link_target", target),
        None => drop(object.insert("link_target".into(), Value::Null)),
    }
    object
}

/// What containers lose because they ask the servers behind the stub directly.
fn lost_json(lost: &Behind) -> Value {
    let mut object = Map::new();
    object.insert("dns_over_tls".into(), lost.dns_over_tls.as_str().into());
    object.insert("split_dns".into(), lost.split_dns.as_str().into());
    object.into()
}

fn selection_text(current: &Current) -> String {
    let selection = &current.selection;
    let mut text = paint(Ink::Head, selection.path.display()).to_string();
    if let Some(target) = &selection.link_target {
        text.push_str(&format!(" -> {}", target.display()));
    }
    text.push_str(&format!("\n{}\n", paint(Ink::Dim, selection.explanation())));
    let errors = [&current.unreadable, &current.uplink_unreadable];
    for error in errors.into_iter().flatten() {
        text.push_str(&format!("{}\n", paint(Ink::Bad, error)));
    }
    text
}

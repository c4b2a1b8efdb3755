//! `resolv-conf render`: shows what a container's file would contain.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgAction, ValueEnum};
use daemon_host::resolvconf::{
    self, Document, Fallback, Nameserver, Resolved, Text, TransformOptions,
};
use serde_json::{Map, Value};

use super::json;
use super::lint::diagnostics_json;
use super::read::read_document;
use crate::exit::Exit;
use crate::output::Output;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    /// No transform: overrides only.
    None,
    /// The host's network: overrides only.
    Host,
    /// A network without an internal resolver, such as the default bridge.
    Legacy,
    /// A network with the daemon's own resolver.
    Internal,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
An override given once with an empty value replaces the host's list by nothing.

Examples:
  daemon-host resolv-conf render --from /etc/resolv.conf --network legacy
  daemon-host resolv-conf render --from host.conf --network internal --json
  daemon-host resolv-conf render --from host.conf --network none --nameserver 9.9.9.9 --search ''")]
pub(crate) struct Args {
    /// The host's file; - is standard input. A missing file counts as empty.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    /// What kind of network the container is on.
    #[arg(long, value_enum, default_value = "none")]
    network: Network,

    /// Whether the container has IPv6 (legacy networks).
    #[arg(long, value_name = "BOOL", default_value = "false", action = ArgAction::Set)]
    ipv6: bool,

    /// The container's network has no IPv4 (legacy networks).
    #[arg(long)]
    ipv6_only: bool,

    /// What a legacy network gets when no usable server is left: moby's public
    /// servers, none (off), or this address. May be repeated.
    #[arg(long, value_name = "moby|off|ADDRESS", default_value = "moby")]
    fallback: Vec<String>,

    /// Use this name server instead of the host's. May be repeated.
    #[arg(long, value_name = "ADDRESS")]
    nameserver: Vec<String>,

    /// Use this search domain instead of the host's. May be repeated.
    #[arg(long, value_name = "DOMAIN")]
    search: Vec<String>,

    /// Use this option instead of the host's. May be repeated.
    #[arg(long, value_name = "OPTION")]
    option: Vec<String>,

    /// The internal resolver's address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.11")]
    internal_nameserver: String,

    /// An option that the internal resolver requires. May be repeated; given
    /// once with an empty value, none is.
    #[arg(long, value_name = "OPTION", default_value = "ndots:0")]
    require_option: Vec<String>,

    /// Leave out the comments that tell where each part comes from.
    #[arg(long)]
    no_comments: bool,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let document = read_document(&args.from)?;
    let resolved = resolvconf::transform(&document, &args.options()?);
    let text = resolved.render(!args.no_comments);
    if out.is_json() {
        out.json(&to_json(&document, &resolved, &text))?;
    } else {
        out.bytes(&text)?;
    }
    Ok(Exit::Fine)
}

impl Args {
    fn options(&self) -> anyhow::Result<TransformOptions> {
        let mut options = TransformOptions::new(self.network()?);
        options.nameservers = match overridden(&self.nameserver) {
            None => None,
            Some(words) => Some(
                words
                    .map(|word| address("--nameserver", word))
                    .collect::<Result<_, _>>()?,
            ),
        };
        options.search = overridden(&self.search).map(texts);
        options.options = overridden(&self.option).map(texts);
        options.fallback = self.fallback()?;
        options.ipv6_only = self.ipv6_only;
        options.source = Some(self.from.clone());
        Ok(options)
    }

    fn fallback(&self) -> anyhow::Result<Fallback> {
        match &self.fallback[..] {
            [word] if word == "moby" => Ok(Fallback::Moby),
            [word] if word == "off" => Ok(Fallback::Off),
            words => {
                let servers = words.iter().map(|word| address("--fallback", word));
                Ok(Fallback::Servers(servers.collect::<Result<_, _>>()?))
            }
        }
    }

    fn network(&self) -> anyhow::Result<resolvconf::Network> {
        Ok(match self.network {
            Network::None => resolvconf::Network::None,
            Network::Host => resolvconf::Network::Host,
            Network::Legacy => resolvconf::Network::Legacy { ipv6: self.ipv6 },
            Network::Internal => resolvconf::Network::Internal {
                nameserver: address("--internal-nameserver", &self.internal_nameserver)?,
                required_options: texts(filled(&self.require_option)),
            },
        })
    }
}

/// The words of an override, if it was given. The empty word stands for an empty list.
fn overridden(words: &[String]) -> Option<impl Iterator<Item = &String>> {
    (!words.is_empty()).then(|| filled(words))
}

fn filled(words: &[String]) -> impl Iterator<Item = &String> {
    words.iter().filter(|word| !word.is_empty())
}

fn texts<'w>(words: impl Iterator<Item = &'w String>) -> Vec<Text> {
    words.map(|word| Text::from(word.as_str())).collect()
}

fn address(flag: &str, word: &str) -> anyhow::Result<Nameserver> {
    Nameserver::parse(word.as_bytes())
        .with_context(|| format!("{flag} {word:?} is not an IP address"))
}

fn to_json(document: &Document, resolved: &Resolved, text: &[u8]) -> Value {
    let upstreams: Vec<Value> = resolved
        .upstreams()
        .iter()
        .map(|upstream| {
            let mut object = Map::new();
            json::text(&mut object, "address", &upstream.address.to_bytes());
            object.insert("host_namespace".into(), upstream.host_namespace.into());
            object.into()
        })
        .collect();
    let mut object = Map::new();
    json::text(&mut object, "text", text);
    json::servers(&mut object, "nameservers", resolved.nameservers());
    json::texts(&mut object, "search", resolved.search());
    json::texts(&mut object, "options", resolved.options());
    json::texts(&mut object, "other", resolved.other());
    object.insert("upstreams".into(), upstreams.into());
    let diagnostics = diagnostics_json(document);
    object.insert("diagnostics".into(), diagnostics.into());
    let warnings = resolved.warnings().iter().map(ToString::to_string);
    object.insert("warnings".into(), warnings.collect());
    let invalid = resolved.invalid_nameservers();
    json::texts(&mut object, "invalid_nameservers", invalid);
    let overridden = resolved.overridden().iter().map(|what| what.as_str());
    object.insert("overridden".into(), overridden.collect());
    let origin = resolved.ndots_origin().map(|origin| origin.as_str());
    object.insert("ndots_from".into(), origin.into());
    object.into()
}

//! The readers of resolv.conf: which readers are asked for, and what each takes from a file.

use std::time::Duration;

use anyhow::Context as _;
use daemon_host::resolvconf::readers::{self, Context, Effective, Reader, Server, Times};
use daemon_host::resolvconf::{Document, Text};
use serde_json::{Map, Value, json};

use super::json;

#[derive(Debug, clap::Args)]
pub(super) struct ReadersArgs {
    /// Whose view is told: glibc, musl, go, c-ares, node, java, dnspython, hickory,
    /// resolved, unbound, dnsmasq, busybox, dig, haproxy, musl-1.2.3, go-1.19, c-ares-1.18;
    /// or all.
    #[arg(
        long = "for",
        value_name = "READER,…|all",
        value_delimiter = ',',
        default_value = "glibc,musl,go"
    )]
    readers: Vec<String>,

    /// The host's name where the file is read; some readers search its domain.
    #[arg(long, value_name = "NAME", default_value = "")]
    host_name: String,
}

impl ReadersArgs {
    pub(super) fn readers(&self) -> anyhow::Result<Vec<Reader>> {
        if self.readers.iter().any(|name| name == "all") {
            return Ok(readers::ALL.to_vec());
        }
        self.readers.iter().map(|name| reader(name)).collect()
    }

    pub(super) fn context(&self) -> Context {
        Context::new().host_name(&self.host_name)
    }
}

fn reader(name: &str) -> anyhow::Result<Reader> {
    readers::find(name).with_context(|| {
        let known: Vec<&str> = readers::ALL.iter().map(|reader| reader.name).collect();
        format!("--for {name}: not one of {}, all", known.join(", "))
    })
}

/// What a reader takes from a file.
pub(super) struct View {
    pub(super) reader: Reader,
    pub(super) effective: Effective,
}

pub(super) fn views(document: &Document, args: &ReadersArgs) -> anyhow::Result<Vec<View>> {
    let context = args.context();
    let readers = args.readers()?;
    let view = |reader: Reader| View {
        effective: document.effective_on(&reader, &context),
        reader,
    };
    Ok(readers.into_iter().map(view).collect())
}

impl View {
    /// The search domains that look-ups use.
    fn search(&self) -> impl Iterator<Item = &Text> {
        self.effective.used_search(&self.reader)
    }

    /// Who is asked, and what is searched, on one line.
    pub(super) fn text(&self) -> String {
        let effective = &self.effective;
        if let Some(trouble) = effective.trouble {
            return match trouble.line() {
                0 => format!("fails: {}", trouble.as_str()),
                line => format!("fails: {} (line {line})", trouble.as_str()),
            };
        }
        let servers: Vec<String> = effective.servers.iter().map(server_text).collect();
        let mut text = match &servers[..] {
            [] => "asks nobody".to_owned(),
            servers => format!("asks {}", servers.join(", ")),
        };
        let list: Vec<String> = self.search().map(ToString::to_string).collect();
        if !list.is_empty() {
            text.push_str(&format!("; searches {}", list.join(", ")));
        }
        if self.reader.options.ndots.is_some() {
            text.push_str(&format!("; ndots {}", effective.ndots));
        }
        if !effective.flags.is_empty() {
            text.push_str(&format!("; {}", effective.flags.join(", ")));
        }
        match effective.when_silent(&self.reader) {
            Times::Unknown => {}
            times => text.push_str(&format!("; gives up after {}", times_text(times))),
        }
        text
    }

    pub(super) fn json(&self) -> Map<String, Value> {
        let effective = &self.effective;
        let mut object = Map::new();
        object.insert("name".into(), self.reader.name.into());
        object.insert("versions".into(), self.reader.versions.into());
        object.insert("servers".into(), servers_json(&effective.servers));
        object.insert("unasked".into(), servers_json(&effective.unasked));
        let search: Vec<Text> = self.search().cloned().collect();
        json::texts(&mut object, "search", &search);
        object.insert("ndots".into(), effective.ndots.into());
        object.insert("timeout_ms".into(), milliseconds(effective.timeout));
        object.insert("attempts".into(), effective.attempts.into());
        object.insert("flags".into(), effective.flags.clone().into());
        object.insert("unknown".into(), effective.unknown.into());
        let trouble = effective
            .trouble
            .map(|trouble| json!({ "kind": trouble.as_str(), "line": trouble.line() }));
        object.insert("trouble".into(), trouble.into());
        let (each, whole) = match effective.when_silent(&self.reader) {
            Times::Each(time) => (milliseconds(time), Value::Null),
            Times::Whole(time) => (Value::Null, milliseconds(time)),
            _ => (Value::Null, Value::Null),
        };
        object.insert("silent_each_ms".into(), each);
        object.insert("silent_whole_ms".into(), whole);
        object
    }
}

fn milliseconds(time: Duration) -> Value {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}

pub(super) fn server_text(server: &Server) -> String {
    match server.port {
        53 => server.address.to_string(),
        port => format!("{} port {port}", server.address),
    }
}

pub(super) fn times_text(times: Times) -> String {
    match times {
        Times::Each(time) => format!("{} s for each name", time.as_secs_f64()),
        Times::Whole(time) => format!("{} s in all", time.as_secs_f64()),
        _ => "an unknown time".to_owned(),
    }
}

fn servers_json(servers: &[Server]) -> Value {
    let object = |server: &Server| {
        let mut object = Map::new();
        json::text(&mut object, "address", &server.address.to_bytes());
        object.insert("port".into(), server.port.into());
        object.insert("line".into(), server.line.into());
        Value::from(object)
    };
    servers.iter().map(object).collect()
}

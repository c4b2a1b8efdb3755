//! `resolv-conf explain`: shows the queries that a look-up of one name makes.

use std::path::PathBuf;

use daemon_host::resolvconf::readers::{NoQuery, Query, Times};
use serde_json::{Map, Value};

use super::json;
use super::read::read_document;
use super::readers::{ReadersArgs, View, server_text, times_text, views};
use crate::exit::Exit;
use crate::output::{Ink, Output, paint};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is asked: the answer follows from the file. Exit code 1 when some reader asks
nobody, except for an address, or when the file does not exist.

Examples:
  daemon-host resolv-conf explain /etc/resolv.conf db
  daemon-host resolv-conf explain container.conf db.prod --for musl,glibc
  daemon-host resolv-conf explain - www.example.org --for all --json < resolv.conf")]
pub(crate) struct Args {
    /// The file; - is standard input.
    file: PathBuf,

    /// The name that is looked up. A final dot makes it complete.
    name: String,

    #[command(flatten)]
    readers: ReadersArgs,
}

/// A reader's view and the queries it makes.
struct Told {
    view: View,
    queries: Vec<Query>,
    /// Why the name itself keeps it from asking.
    no_query: Option<NoQuery>,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let document = read_document(&args.file)?;
    let told: Vec<Told> = views(&document, &args.readers)?
        .into_iter()
        .map(|view| Told {
            queries: view.effective.queries(&view.reader, args.name.as_bytes()),
            no_query: view.reader.no_query(args.name.as_bytes()),
            view,
        })
        .collect();
    if out.is_json() {
        let readers: Vec<Value> = told.iter().map(Told::json).collect();
        let mut object = Map::new();
        object.insert("name".into(), args.name.as_str().into());
        object.insert("missing".into(), document.is_missing().into());
        object.insert("readers".into(), readers.into());
        out.json(&object)?;
    } else {
        let missing = match document.is_missing() {
            true => "the file does not exist; this is what readers do without one\n",
            false => "",
        };
        let told: String = told.iter().map(Told::text).collect();
        out.text(&format!("{missing}{told}"))?;
    }
    Ok(Exit::finding_if(
        document.is_missing() || told.iter().any(Told::fails),
    ))
}

impl Told {
    /// Whether no look-up of the name can be answered. An address needs no query.
    fn fails(&self) -> bool {
        let asks_nobody = self.queries.is_empty() || self.view.effective.servers.is_empty();
        asks_nobody && self.no_query != Some(NoQuery::Address)
    }

    /// Why nothing is asked, if the file is not the reason.
    fn silence(&self) -> &'static str {
        match self.no_query {
            Some(NoQuery::Address) => "asks nobody: this is an address, and needs no query",
            Some(NoQuery::NotAName) => {
                "asks nobody: no query can hold such a name (an empty label, a label of more than \
                 63 bytes, or more than 253 bytes)"
            }
            Some(NoQuery::NotAscii) => {
                "asks for the ASCII form of the name (xn--…), if libidn2 is installed; else nobody"
            }
            Some(_) => "asks nobody: it asks for no name with these bytes",
            None => "asks nobody: it never asks for such a name as it is",
        }
    }

    fn text(&self) -> String {
        let effective = &self.view.effective;
        let mut text = format!("{}\n", paint(Ink::Head, self.view.reader.name));
        if self.no_query.is_some() {
            text.push_str(&format!("  {}\n", self.silence()));
        } else if let Some(trouble) = effective.trouble {
            let line = trouble.line();
            text.push_str(&format!("  fails: {} (line {line})\n", trouble.as_str()));
        } else if self.queries.is_empty() {
            text.push_str(&format!("  {}\n", self.silence()));
        }
        for (at, query) in self.queries.iter().enumerate() {
            let why = match &query.domain {
                Some(domain) => format!("search domain {domain}"),
                None => "the name as it is".to_owned(),
            };
            let why = paint(Ink::Dim, why);
            let name = query.name.to_string();
            let name = name.strip_suffix('.').unwrap_or(&name);
            text.push_str(&format!("  {}. {name}.  {why}\n", at + 1));
        }
        let servers: Vec<String> = effective.servers.iter().map(server_text).collect();
        if !self.queries.is_empty() {
            text.push_str(&format!("  of {}\n", servers.join(", ")));
            match effective.when_silent(&self.view.reader) {
                Times::Unknown => {}
                times => {
                    let times = times_text(times);
                    text.push_str(&format!("  if none answers: {times}\n"));
                }
            }
        }
        text
    }

    fn json(&self) -> Value {
        let mut object = self.view.json();
        let query = |query: &Query| {
            let mut object = Map::new();
            json::text(&mut object, "name", query.name.as_bytes());
            match &query.domain {
                Some(domain) => json::text(&mut object, "domain", domain.as_bytes()),
                None => drop(object.insert("domain".into(), Value::Null)),
            }
            Value::from(object)
        };
        object.insert("queries".into(), self.queries.iter().map(query).collect());
        let no_query = self.no_query.map(NoQuery::as_str);
        object.insert("no_query".into(), no_query.into());
        object.into()
    }
}

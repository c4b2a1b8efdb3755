//! `addrs`: addresses of a link, or of all links.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use daemon_host::ifaddrs::{Address, Event, Handle, Link, LinkAddrs, Namespace, Options, Watcher};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table, text_fields};
use crate::until::end_after;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A link that does not exist is an answer: it is shown as missing, with exit code 1.

Examples:
  daemon-host addrs                    every link
  daemon-host addrs docker0            one, by name or alternative name
  daemon-host addrs eth0 --netns /run/netns/blue --json
  daemon-host addrs --watch            the present state, then every change")]
pub(crate) struct Args {
    /// The link, by name or alternative name; all links when left out.
    link: Option<OsString>,

    /// Look in this network namespace instead (a path such as /run/netns/NAME).
    #[arg(long, value_name = "PATH")]
    netns: Option<PathBuf>,

    /// Follow changes: the present state first, then one line per event.
    #[arg(long)]
    watch: bool,

    /// With --watch: stop after this many seconds.
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    seconds: Option<u64>,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    if args.watch {
        return watch(args, out);
    }
    let mut handle = Handle::open(args.options())?;
    let links = match &args.link {
        Some(link) => vec![handle.addrs(link)?],
        None => handle.all()?,
    };
    if out.is_json() {
        out.json(&json!({ "links": links.iter().map(link_json).collect::<Vec<_>>() }))?;
    } else {
        out.text(&table(&links).render())?;
    }
    Ok(Exit::finding_if(links.iter().any(|link| !link.found())))
}

impl Args {
    fn options(&self) -> Options {
        match &self.netns {
            Some(path) => Options::in_namespace(Namespace::Path(path.clone())),
            None => Options::default(),
        }
    }
}

pub(crate) fn link_json(link: &LinkAddrs) -> Value {
    let mut object = Map::new();
    text_fields(&mut object, "name", &link.name);
    object.insert("ifindex".into(), link.ifindex().into());
    object.insert("found".into(), link.found().into());
    if let Some(facts) = &link.link {
        object.extend(link_facts(facts));
    }
    let addrs = link.addrs.iter().map(address_json);
    object.insert("addrs".into(), addrs.collect());
    object.into()
}

fn link_facts(link: &Link) -> Map<String, Value> {
    let mut object = Map::new();
    text_fields(&mut object, "name", &link.name);
    if let Ok(Value::Object(rest)) = serde_json::to_value(link) {
        object.extend(rest.into_iter().filter(|(member, _)| member != "name"));
    }
    object
}

fn address_json(address: &Address) -> Value {
    let mut value = serde_json::to_value(address).expect("an address is plain data");
    if let (Some(label), Some(object)) = (&address.label, value.as_object_mut()) {
        text_fields(object, "label", label);
    }
    value
}

pub(crate) fn table(links: &[LinkAddrs]) -> Table {
    let mut table = Table::new(&["LINK", "INDEX", "ADDRESS", "SCOPE", "FLAGS"]).right(1);
    for link in links {
        let name = link.name.to_string_lossy().into_owned();
        let Some(index) = link.ifindex() else {
            let none = Cell::inked(Ink::Warn, "no such link");
            table.row([name.into(), "-".into(), none, "".into(), "".into()]);
            continue;
        };
        let mut first = [Cell::inked(Ink::Head, name), index.to_string().into()];
        if link.addrs.is_empty() {
            let [name, index] = first;
            let none = Cell::inked(Ink::Dim, "-");
            table.row([name, index, none, "".into(), "".into()]);
            continue;
        }
        for address in &link.addrs {
            let [name, index] = std::mem::replace(&mut first, ["".into(), "".into()]);
            let [text, scope, flags] = address_cells(address);
            table.row([name, index, text, scope, flags]);
        }
    }
    table
}

fn address_cells(address: &Address) -> [Cell; 3] {
    let flags: Vec<_> = address.flag_names().collect();
    let unusable = flags
        .iter()
        .any(|flag| ["dadfailed", "tentative", "deprecated"].contains(flag));
    let ink = if unusable { Ink::Warn } else { Ink::Dim };
    [
        address.to_string().into(),
        address.scope.to_string().into(),
        Cell::inked(ink, flags.join(" ")),
    ]
}

fn watch(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let end = end_after(args.seconds);
    let mut watcher = Watcher::open(args.options())?;
    let name = args.link.clone();
    let mut chosen = Chosen {
        name,
        ifindex: None,
    };
    loop {
        let event = match end {
            None => Some(watcher.next()?),
            Some(end) => watcher.next_within(end.saturating_duration_since(Instant::now()))?,
        };
        let Some(event) = event else {
            return Ok(Exit::Fine);
        };
        let number = chosen.ifindex;
        let Some(event) = chosen.filter(event) else {
            continue;
        };
        show(&event, out)?;
        match (&event, chosen.ifindex) {
            // Another link has the name now. Its addresses may be older than its name.
            (Event::Link(_), Some(now)) if number != Some(now) => {
                let link = Handle::open(args.options())?.addrs_by_index(now)?;
                show(&Event::Snapshot(vec![link]), out)?;
            }
            _ => {}
        }
    }
}

/// The link that is followed, if only one is; its number may change.
struct Chosen {
    name: Option<OsString>,
    ifindex: Option<u32>,
}

impl Chosen {
    /// The event, if it concerns the link.
    fn filter(&mut self, event: Event) -> Option<Event> {
        let Some(name) = &self.name else {
            return Some(event);
        };
        let before = self.ifindex;
        let concerns = match &event {
            Event::Link(link) if link.is_named(name) => {
                self.ifindex = Some(link.ifindex);
                true
            }
            // Gone, or renamed, which is told once.
            Event::Link(link) | Event::LinkGone(link) => {
                self.ifindex = before.filter(|&ifindex| ifindex != link.ifindex);
                before == Some(link.ifindex)
            }
            Event::Address(at) | Event::AddressGone(at) => before == Some(at.ifindex),
            _ => true,
        };
        if let Event::Snapshot(mut links) = event {
            links.retain(|one| one.link.as_ref().is_some_and(|link| link.is_named(name)));
            self.ifindex = links.first().and_then(LinkAddrs::ifindex);
            return Some(Event::Snapshot(links));
        }
        concerns.then_some(event)
    }
}

/// One event: a line for people, one JSON object on a line for machines.
fn show(event: &Event, out: &Output) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json_line(&event_json(event))?);
    }
    let text = match event {
        Event::Snapshot(links) if links.is_empty() => "no such link yet\n".to_owned(),
        Event::Snapshot(links) => table(links).render(),
        Event::Link(link) => format!("link {} {}\n", link.ifindex, link.name.to_string_lossy()),
        Event::LinkGone(link) => {
            let name = link.name.to_string_lossy();
            format!("link {} {name} gone\n", link.ifindex)
        }
        Event::Address(address) => format!("link {}: {address}\n", address.ifindex),
        Event::AddressGone(address) => format!("link {}: {address} gone\n", address.ifindex),
        _ => String::new(),
    };
    Ok(out.text(&text)?)
}

fn event_json(event: &Event) -> Value {
    let of_address = |address: &Address| {
        let mut value = address_json(address);
        value["ifindex"] = address.ifindex.into();
        value
    };
    match event {
        Event::Snapshot(links) => {
            json!({ "event": "snapshot", "links": links.iter().map(link_json).collect::<Vec<_>>() })
        }
        Event::Link(link) => json!({ "event": "link", "link": link_facts(link) }),
        Event::LinkGone(link) => json!({ "event": "link-gone", "link": link_facts(link) }),
        Event::Address(at) => json!({ "event": "address", "address": of_address(at) }),
        Event::AddressGone(at) => json!({ "event": "address-gone", "address": of_address(at) }),
        _ => json!({ "event": "other" }),
    }
}

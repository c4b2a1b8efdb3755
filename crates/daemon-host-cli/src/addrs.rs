//! `addrs`: addresses of a link, or of all links.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use daemon_host::ifaddrs::{Address, Event, Handle, Link, LinkAddrs, Namespace, Options, Watcher};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table, text_fields};

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
        out.text(&to_text(&links))?;
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
    object.insert(
        "addrs".into(),
        link.addrs.iter().map(address_json).collect(),
    );
    if let Some(facts) = &link.link {
        let names: Vec<_> = facts
            .altnames
            .iter()
            .map(|name| name.to_string_lossy())
            .collect();
        object.insert("altnames".into(), json!(names));
        object.insert("flags".into(), facts.flags.names().collect());
        object.insert("master".into(), facts.master.into());
        object.insert("mtu".into(), facts.mtu.into());
    }
    object.into()
}

fn address_json(address: &Address) -> Value {
    let mut object = Map::new();
    object.insert("address".into(), address.address.to_string().into());
    object.insert("prefix_len".into(), address.prefix_len.into());
    object.insert(
        "peer".into(),
        address.peer.map(|peer| peer.to_string()).into(),
    );
    match &address.label {
        Some(label) => text_fields(&mut object, "label", label),
        None => _ = object.insert("label".into(), Value::Null),
    }
    object.insert("scope".into(), address.scope.to_string().into());
    object.insert("flags".into(), address.flag_names().collect());
    object.insert(
        "broadcast".into(),
        address.broadcast.map(|to| to.to_string()).into(),
    );
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
    object.insert("valid_for".into(), seconds(address.valid_for).into());
    object.insert(
        "preferred_for".into(),
        seconds(address.preferred_for).into(),
    );
    object.insert(
        "protocol".into(),
        address.protocol.map(|by| by.to_string()).into(),
    );
    object.into()
}

fn to_text(links: &[LinkAddrs]) -> String {
    table(links).render()
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
            table.row([
                name,
                index,
                Cell::inked(Ink::Dim, "-"),
                "".into(),
                "".into(),
            ]);
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
    let end = args
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut watcher = Watcher::open(args.options())?;
    let mut chosen = Chosen::new(args.link.clone());
    loop {
        let event = match end {
            None => Some(watcher.next()?),
            Some(end) => watcher.next_within(end.saturating_duration_since(Instant::now()))?,
        };
        let Some(event) = event else {
            return Ok(Exit::Fine);
        };
        if let Some(event) = chosen.filter(event) {
            show(&event, out)?;
        }
    }
}

/// The link that is followed, if only one is; its number may change.
struct Chosen {
    name: Option<OsString>,
    ifindex: Option<u32>,
}

impl Chosen {
    fn new(name: Option<OsString>) -> Self {
        Self {
            name,
            ifindex: None,
        }
    }

    fn filter(&mut self, event: Event) -> Option<Event> {
        let Some(name) = self.name.clone() else {
            return Some(event);
        };
        let is_it = |link: &Link| link.is_named(&name);
        match event {
            Event::Snapshot(mut links) => {
                links.retain(|link| link.link.as_ref().is_some_and(is_it));
                self.ifindex = links.first().and_then(LinkAddrs::ifindex);
                Some(Event::Snapshot(links))
            }
            Event::Link(link) => {
                if is_it(&link) {
                    self.ifindex = Some(link.ifindex);
                }
                (self.ifindex == Some(link.ifindex)).then_some(Event::Link(link))
            }
            Event::LinkGone(link) => {
                (self.ifindex == Some(link.ifindex)).then_some(Event::LinkGone(link))
            }
            Event::Address(at) => (self.ifindex == Some(at.ifindex)).then_some(Event::Address(at)),
            Event::AddressGone(at) => {
                (self.ifindex == Some(at.ifindex)).then_some(Event::AddressGone(at))
            }
            other => Some(other),
        }
    }
}

/// One event: a line for people, one JSON object on a line for machines.
fn show(event: &Event, out: &Output) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json_line(&event_json(event))?);
    }
    let text = match event {
        Event::Snapshot(links) => to_text(links),
        Event::Link(link) => format!("link {} {}\n", link.ifindex, link.name.to_string_lossy()),
        Event::LinkGone(link) => {
            format!(
                "link {} {} gone\n",
                link.ifindex,
                link.name.to_string_lossy()
            )
        }
        Event::Address(address) => format!("link {}: {address}\n", address.ifindex),
        Event::AddressGone(address) => format!("link {}: {address} gone\n", address.ifindex),
        _ => String::new(),
    };
    Ok(out.text(&text)?)
}

fn event_json(event: &Event) -> Value {
    let of_link = |link: &Link| {
        let mut object = Map::new();
        text_fields(&mut object, "name", &link.name);
        object.insert("ifindex".into(), link.ifindex.into());
        object.insert("flags".into(), link.flags.names().collect());
        Value::from(object)
    };
    let of_address = |address: &Address| {
        let mut value = address_json(address);
        value["ifindex"] = address.ifindex.into();
        value
    };
    match event {
        Event::Snapshot(links) => {
            json!({ "event": "snapshot", "links": links.iter().map(link_json).collect::<Vec<_>>() })
        }
        Event::Link(link) => json!({ "event": "link", "link": of_link(link) }),
        Event::LinkGone(link) => json!({ "event": "link-gone", "link": of_link(link) }),
        Event::Address(at) => json!({ "event": "address", "address": of_address(at) }),
        Event::AddressGone(at) => json!({ "event": "address-gone", "address": of_address(at) }),
        _ => json!({ "event": "other" }),
    }
}

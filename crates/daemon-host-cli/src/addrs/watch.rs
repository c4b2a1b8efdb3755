//! `addrs --watch`: shows changes as they happen.

use std::ffi::{OsStr, OsString};
use std::time::Instant;

use daemon_host::ifaddrs::{Event, Handle, LinkAddrs, ListOptions, Watcher};

use super::json::EventJson;
use super::table::table;
use crate::exit::Exit;
use crate::output::Output;

/// Follows a link, or all of them, until `end`.
pub(super) fn watch(
    options: &ListOptions,
    link: Option<&OsStr>,
    end: Option<Instant>,
    out: &Output,
) -> anyhow::Result<Exit> {
    let mut watcher = Watcher::open(options)?;
    let mut chosen = Chosen {
        name: link.map(OsStr::to_owned),
        ifindex: None,
    };
    loop {
        let event = match end {
            None => watcher.next().transpose()?,
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
                let link = Handle::open(options)?.addrs_by_index(now)?;
                show(&Event::Snapshot(vec![link]), out)?;
            }
            _ => {}
        }
    }
}

/// The link that is followed, if it is only one. Its number may change.
struct Chosen {
    name: Option<OsString>,
    ifindex: Option<u32>,
}

impl Chosen {
    /// Returns the event if it concerns the link.
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
            // The link is gone or has another name now. That is told once.
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

/// Shows one event: a line for people, or one JSON object on a line for machines.
fn show(event: &Event, out: &Output) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json_line(&EventJson::new(event))?);
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
    Ok(out.line(&text)?)
}

//! What a reader asked beside what its profile says.

use std::net::IpAddr;

use resolvconf::parse;
use resolvconf::readers::{Context, Effective, Server};

use super::cases::Case;
use super::nameserver::Question;
use super::network::LINKS;
use super::programs::{Kept, Program};

/// One cell of the matrix.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Same,
    /// The servers are where nobody listens.
    NotSeen,
    Differs(String),
}

/// What was seen of a reader with one file.
pub(super) struct Seen {
    /// Each name that was looked up, and what was asked then.
    pub(super) asked: Vec<(String, Vec<Question>)>,
    /// What the reader says that it took, if it says so.
    pub(super) kept: Option<Kept>,
}

/// Compares what was seen with the profile. One difference is enough.
pub(super) fn compare(
    case: &Case,
    text: &[u8],
    program: &Program,
    seen: &Seen,
    served: &[IpAddr],
) -> Cell {
    let links = LINKS.map(|(name, number)| (name.to_owned(), number));
    let context = Context::new()
        .links(links.to_vec())
        .host_name(case.host.as_deref().unwrap_or("box"));
    let effective = parse(text).effective_on(&program.reader, &context);
    let expected = Kept {
        servers: servers(&effective),
        search: domains(&effective),
    };
    if let Some(kept) = seen.kept.as_ref().filter(|kept| **kept != expected) {
        return Cell::Differs(format!("took {kept:?}; the profile says {expected:?}"));
    }
    let mut cell = match &seen.kept {
        Some(_) => Cell::Same,
        None => Cell::NotSeen,
    };
    let first = effective.servers.first().filter(|first| first.port == 53);
    let reached = first.is_some_and(|first| is_reached(first, &context, served));
    for (name, asked) in &seen.asked {
        let queries = effective.queries(&program.reader, name.as_bytes());
        // A domain that stands twice in the list is seen once.
        let mut names: Vec<Vec<u8>> = Vec::new();
        for query in &queries {
            let name = match query.name.as_bytes() {
                b"." => Vec::new(),
                name => name.to_ascii_lowercase(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !reached && !names.is_empty() {
            continue;
        }
        match differs(program, &effective, &names, asked, &expected.servers) {
            None => cell = Cell::Same,
            Some(how) => return Cell::Differs(format!("{name}: {how}")),
        }
    }
    cell
}

fn servers(effective: &Effective) -> Vec<IpAddr> {
    let usual = effective.servers.iter().filter(|server| server.port == 53);
    usual.map(|server| server.address.address()).collect()
}

fn domains(effective: &Effective) -> Vec<Vec<u8>> {
    let domains = effective.search.iter().map(|domain| domain.as_bytes());
    let bare = domains.map(|domain| domain.strip_suffix(b".").unwrap_or(domain));
    bare.filter(|domain| !domain.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// Whether the name server answers there. An address of one link needs that link.
fn is_reached(server: &Server, context: &Context, served: &[IpAddr]) -> bool {
    let needs_link = server.address.is_ipv6_link_local();
    let link = match server.socket_addr(context) {
        Some(std::net::SocketAddr::V6(place)) => place.scope_id(),
        _ => 0,
    };
    let here = !needs_link || LINKS.iter().any(|(_, number)| *number == link);
    here && served.contains(&server.address.address().to_canonical())
}

/// How what was asked differs from the names and servers of the profile.
fn differs(
    program: &Program,
    effective: &Effective,
    names: &[Vec<u8>],
    asked: &[Question],
    servers: &[IpAddr],
) -> Option<String> {
    let (found, from) = told(asked);
    // No such name is an answer, so the first server is enough for readers that ask in turn.
    let any = program.asks_all() || effective.flags.contains(&"rotate");
    let servers: Vec<IpAddr> = servers.iter().map(IpAddr::to_canonical).collect();
    let right_servers = match (names.is_empty(), any) {
        (true, _) => from.is_empty(),
        (false, true) => !from.is_empty() && from.iter().all(|server| servers.contains(server)),
        (false, false) => from == servers[..1],
    };
    if found == names && right_servers {
        return None;
    }
    let shown = |names: &[Vec<u8>]| -> String {
        let names: Vec<String> = names.iter().map(|n| n.escape_ascii().to_string()).collect();
        names.join(" ")
    };
    Some(format!(
        "asked {from:?} for {}; the profile says {servers:?} for {}",
        shown(&found),
        shown(names)
    ))
}

/// The names in the order in which they were first asked for, and who was asked.
fn told(asked: &[Question]) -> (Vec<Vec<u8>>, Vec<IpAddr>) {
    let (mut names, mut servers) = (Vec::new(), Vec::new());
    for question in asked {
        if !names.contains(&question.name) {
            names.push(question.name.clone());
        }
        if !servers.contains(&question.server) {
            servers.push(question.server);
        }
    }
    (names, servers)
}

//! What a reader asked beside what its profile says.

use std::net::IpAddr;

use resolvconf::parse;
use resolvconf::readers::{Context, Reader, Waiting};

use super::cases::Case;
use super::nameserver::Question;

/// One cell of the matrix.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Same,
    /// The servers are where nobody listens.
    NotSeen,
    Differs(String),
}

pub(super) fn compare(
    case: &Case,
    text: &[u8],
    reader: &Reader,
    name: &str,
    asked: &[Question],
    served: &[IpAddr],
) -> Cell {
    let document = parse(text);
    let context = Context::new()
        .links(vec![("lo".to_owned(), 1)])
        .host_name(case.host.as_deref().unwrap_or("box"));
    let effective = document.effective_on(reader, &context);
    let queries = effective.queries(reader, name.as_bytes());
    let names: Vec<Vec<u8>> = queries
        .iter()
        .map(|query| query.name.as_bytes().to_ascii_lowercase())
        .collect();
    let servers: Vec<IpAddr> = effective
        .servers
        .iter()
        .filter(|server| server.port == 53)
        .map(|server| server.address.address().to_canonical())
        .collect();
    let first_is_seen = servers.first().is_some_and(|first| served.contains(first));
    if !names.is_empty() && !first_is_seen {
        return Cell::NotSeen;
    }
    let (found, from) = told(asked);
    // No such name is an answer, so the first server is enough for readers that ask in turn.
    let at_once = reader.lookups.waiting == Waiting::AllAtOnce;
    let rotates = effective.flags.contains(&"rotate");
    let expected: Vec<IpAddr> = servers
        .iter()
        .copied()
        .filter(|s| served.contains(s))
        .collect();
    let right_servers = match (names.is_empty(), at_once || rotates) {
        (true, _) => from.is_empty(),
        (false, true) => !from.is_empty() && from.iter().all(|server| expected.contains(server)),
        (false, false) => from == expected[..1],
    };
    if found == names && right_servers {
        return Cell::Same;
    }
    let shown = |names: &[Vec<u8>]| -> String {
        let names: Vec<String> = names.iter().map(|n| n.escape_ascii().to_string()).collect();
        names.join(" ")
    };
    Cell::Differs(format!(
        "asked {from:?} for {}; the profile says {expected:?} for {}",
        shown(&found),
        shown(&names)
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

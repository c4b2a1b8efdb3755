//! One cell of the matrix: what a reader did, and what its profile says.

use std::collections::BTreeSet;

use resolvconf::parse;
use resolvconf::readers::{self, Effective, Reader, Trouble};

/// What a reader did: the words of a cell of the matrix.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Cell {
    refused: bool,
    servers: String,
    search: String,
    numbers: BTreeSet<String>,
    flags: BTreeSet<String>,
}

/// Which parts of a cell say something of the reader's own.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) search: bool,
    /// The list was seen from the queries, not from the reader's memory.
    pub(super) asked: bool,
    pub(super) options: bool,
}

impl Cell {
    pub(super) fn told(text: &str, shown: Shown) -> Self {
        let mut cell = Self {
            refused: text == "ERR",
            ..Self::default()
        };
        let mut in_search = false;
        for word in text.split(' ') {
            let (key, value) = word.split_once('=').unwrap_or(("", word));
            if matches!(key, "n" | "t" | "a") || word.starts_with('{') || word == "fails" {
                in_search = false;
            }
            match (key, in_search) {
                ("s", _) => {
                    in_search = true;
                    value.clone_into(&mut cell.search);
                }
                ("d", _) => in_search = false,
                ("n" | "t" | "a", _) if shown.options => {
                    cell.numbers.insert(number(key, value));
                }
                (_, true) => cell.search = format!("{} {value}", cell.search),
                _ if word.starts_with('{') => {
                    let flags = word.trim_matches(['{', '}']).split(',');
                    cell.flags = flags.map(str::to_owned).collect();
                }
                ("", _) if !matches!(word, "fails" | "ERR") => {
                    let word = word.strip_prefix("192.0.2").unwrap_or(word);
                    cell.servers = format!("{} {}", cell.servers, word.replace('#', ":"))
                        .trim()
                        .to_owned();
                }
                _ => {}
            }
        }
        if !shown.search {
            cell.search.clear();
        }
        if shown.asked && !text.ends_with("fails") {
            cell.search = cell.search.trim_end_matches(" .").to_owned();
            if cell.search == "." {
                cell.search.clear();
            }
        }
        cell
    }

    pub(super) fn ours(effective: &Effective, reader: &Reader, shown: Shown) -> Self {
        if matches!(effective.trouble, Some(Trouble::Refused(_))) {
            return Self {
                refused: true,
                ..Self::default()
            };
        }
        // What it keeps in its own file has no ports.
        let ports = effective.reader != "resolved";
        let shown_servers = effective.servers.iter().filter(|s| ports || s.port == 53);
        let mut servers: Vec<String> = shown_servers.map(|s| server(s, effective.reader)).collect();
        if servers == ["127.0.0.1", "::1"] || servers == ["127.0.0.1"] {
            servers = vec!["lo".into()];
        }
        if servers.is_empty() {
            servers.push("none".into());
        }
        let domain = |domain: &[u8]| {
            let mut text = domain.escape_ascii().to_string();
            if effective.reader == "resolved" {
                text = text.replace('#', "\\035").replace(',', "\\044");
            }
            if text.starts_with("aaaaaaaa") {
                text = "aaaaa….test".into();
            }
            text.strip_suffix('.')
                .filter(|t| !t.is_empty())
                .unwrap_or(&text)
                .to_owned()
        };
        // Where the first domain makes the look-up fail, the cell tells the list that was read.
        let queries = effective.queries(reader, b"zz");
        let search: Vec<String> = if shown.asked && !queries.is_empty() {
            let domains = queries.iter().filter_map(|query| query.domain.as_ref());
            domains.map(|text| domain(text.as_bytes())).collect()
        } else {
            effective
                .search
                .iter()
                .map(|text| domain(text.as_bytes()))
                .collect()
        };
        let default = parse(b"nameserver 192.0.2.1\n").effective(reader);
        let mut numbers = BTreeSet::new();
        for (key, value, usual) in [
            ("n", f64::from(effective.ndots), f64::from(default.ndots)),
            (
                "t",
                effective.timeout.as_secs_f64(),
                default.timeout.as_secs_f64(),
            ),
            (
                "a",
                f64::from(effective.attempts),
                f64::from(default.attempts),
            ),
        ] {
            if value != usual {
                numbers.insert(number(key, &value.to_string()));
            }
        }
        Self {
            refused: false,
            servers: shortened(&servers, 4),
            search: if shown.search {
                shortened(&search, 3)
            } else {
                String::new()
            },
            numbers: if shown.options {
                numbers
            } else {
                BTreeSet::new()
            },
            flags: if shown.options {
                flags(effective)
            } else {
                BTreeSet::new()
            },
        }
    }
}

fn number(key: &str, value: &str) -> String {
    // A negative number is kept as it is by the reader and acts as none.
    let value: f64 = value.parse().unwrap();
    format!("{key}={:.3e}", value.max(0.0))
}

fn server(server: &readers::Server, reader: &str) -> String {
    let address = server.address.to_string();
    let address = match address.split_once('%') {
        // Node shows no zones; the others the link of a number.
        Some((plain, _)) if reader == "node" => plain.to_owned(),
        Some((plain, "2")) if !matches!(reader, "dnspython" | "java") => format!("{plain}%eth0"),
        _ => address,
    };
    let address = address.strip_prefix("192.0.2").unwrap_or(&address);
    match server.port {
        53 => address.to_owned(),
        port => format!("{address}:{port}"),
    }
}

fn shortened(list: &[String], most: usize) -> String {
    match list {
        [first, .., last] if list.len() > most => format!("{first}…{last}({})", list.len()),
        _ => list.join(" "),
    }
}

/// As the matrix names them: what the reader acts on, by its own memory.
fn flags(effective: &Effective) -> BTreeSet<String> {
    let go = effective.reader.starts_with("go");
    let name = |flag: &&'static str| match (*flag, go) {
        ("single-request-reopen" | "single-request", true) => Some("single"),
        ("use-vc" | "usevc" | "tcp", true) => Some("tcp"),
        ("rotate", true) => Some("rotate"),
        (_, true) => None,
        ("single-request-reopen", _) => Some("reopen"),
        ("single-request", _) => Some("single"),
        ("no_tld_query", _) => Some("no-tld-query"),
        (flag, _) => Some(flag),
    };
    let mut flags: BTreeSet<String> = effective
        .flags
        .iter()
        .filter_map(name)
        .map(str::to_owned)
        .collect();
    if effective.unknown {
        flags.insert("unk".into());
    }
    flags
}

//! The profiles beside what the real readers did with the same files, cell by cell.

use std::collections::BTreeSet;
use std::time::Duration;

use resolvconf::parse;
use resolvconf::readers::{self, Context, Effective, Reader, Trouble};
use serde_json::Value;

/// What a reader did: the words of a cell of the matrix.
#[derive(Debug, Default, PartialEq)]
struct Cell {
    refused: bool,
    servers: String,
    search: String,
    numbers: BTreeSet<String>,
    flags: BTreeSet<String>,
}

/// Which parts of a cell say something of the reader's own.
#[derive(Clone, Copy)]
struct Shown {
    search: bool,
    /// The list was seen from the queries, not from the reader's memory.
    asked: bool,
    options: bool,
}

impl Cell {
    fn told(text: &str, shown: Shown) -> Self {
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

    fn ours(effective: &Effective, reader: &Reader, shown: Shown) -> Self {
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

pub(crate) fn text(case: &Value) -> Option<Vec<u8>> {
    let text = case["text"].as_str()?;
    // Each character is a byte; long runs are written as {x*600}.
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{').filter(|_| case["repeats"] == true) {
        bytes.extend(before.chars().map(|c| c as u8));
        let (run, after) = after.split_once('}').unwrap();
        let (byte, count) = run.split_once('*').unwrap();
        bytes.extend(byte.repeat(count.parse().unwrap()).bytes());
        rest = after;
    }
    bytes.extend(rest.chars().map(|c| c as u8));
    Some(bytes)
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("data/readers.json")).unwrap()
}

fn context(case: &Value) -> Context {
    let links = vec![("lo".to_owned(), 1), ("eth0".to_owned(), 2)];
    Context::new()
        .links(links)
        .host_name(case["host"].as_str().unwrap_or("box"))
}

/// Compares one profile with its column. Of a cell with two versions, `newer` chooses the second.
fn compare(column: &str, reader: &Reader, newer: bool, shown: Shown) -> Vec<(String, String)> {
    let mut differs = Vec::new();
    for case in cases() {
        let told = case["cells"][column].as_str().unwrap();
        let told = match told.split_once(" / ") {
            Some((old, new)) => {
                if newer {
                    new
                } else {
                    old
                }
            }
            None => told,
        };
        let document = match text(&case) {
            Some(text) => parse(&text),
            None => resolvconf::Document::missing(),
        };
        let effective = document.effective_on(reader, &context(&case));
        let theirs = Cell::told(told, shown);
        let ours = Cell::ours(&effective, reader, shown);
        if ours != theirs {
            let words = format!("{told}: {ours:?} / {theirs:?}");
            differs.push((case["case"].as_str().unwrap().to_owned(), words));
        }
    }
    differs
}

#[track_caller]
fn check(column: &str, reader: &Reader, newer: bool, shown: Shown, known: &[&str]) {
    let differs = compare(column, reader, newer, shown);
    let cases: Vec<&str> = differs.iter().map(|(case, _)| &case[..]).collect();
    let words: Vec<String> = differs
        .iter()
        .map(|(case, words)| format!("{case}: {words}"))
        .collect();
    assert_eq!(
        cases,
        known,
        "{} of {}:\n{}",
        reader.name,
        cases.len(),
        words.join("\n")
    );
}

const ASKED: Shown = Shown {
    search: true,
    asked: true,
    options: true,
};
const KEPT: Shown = Shown {
    asked: false,
    ..ASKED
};
const DUG: Shown = Shown {
    options: false,
    ..ASKED
};
const SERVERS: Shown = Shown {
    search: false,
    asked: false,
    options: false,
};

#[test]
fn glibc_agrees_in_every_cell() {
    check("glibc", &readers::GLIBC, false, ASKED, &[]);
    check("glibc", &readers::GLIBC_NEW, true, ASKED, &[]);
}

#[test]
fn musl_agrees_in_every_cell() {
    check("musl", &readers::MUSL, true, ASKED, &[]);
    check("musl", &readers::MUSL_OLD, false, ASKED, &[]);
}

#[test]
fn go_agrees_in_every_cell() {
    check("go", &readers::GO, true, KEPT, &[]);
    check("go", &readers::GO_OLD, false, KEPT, &[]);
}

#[test]
fn c_ares_agrees_in_every_cell() {
    check("c-ares", &readers::C_ARES, true, ASKED, &[]);
    check("c-ares-1.18", &readers::C_ARES_OLD, true, KEPT, &[]);
}

#[test]
fn node_agrees_in_every_cell() {
    check("node", &readers::NODE, true, SERVERS, &[]);
}

#[test]
fn resolved_agrees_in_every_cell() {
    check("resolved", &readers::RESOLVED, false, KEPT, &[]);
    check("resolved", &readers::RESOLVED_NEW, true, KEPT, &[]);
}

/// The others are close; where they are not is listed.
#[test]
fn where_the_other_profiles_differ() {
    // It keeps the domain apart from the search list, and larger numbers than ours.
    let domains = ["C9b", "C9d", "C9e", "C9f", "C10e", "C13e"];
    check("dnspython", &readers::DNSPYTHON, true, KEPT, &domains);
    // It keeps the domain apart, in lower case, and drops domains with commas.
    let domains = ["C9e", "C13e", "C13h", "C13j"];
    check("hickory", &readers::HICKORY, true, KEPT, &domains);
    // It keeps words that are not addresses, and fails when it asks them; brackets are its own.
    let raw = [
        "C1b", "C1c", "C2a", "C2b", "C2c", "C2d", "C2e", "C3a", "C3b", "C3c", "C3d", "C3f", "C14a",
        "C14b", "C14c", "C14d", "C14e", "C14f", "C14g", "C16b", "C19d", "C20h",
    ];
    check("java", &readers::JAVA, true, KEPT, &raw);
    // It reports a bad line as an error and keeps the servers before it; here the fallback stands.
    let bad = [
        "C2b", "C2c", "C2d", "C2e", "C3a", "C3b", "C3c", "C3d", "C3f", "C14e", "C14g", "C15b",
        "C20c", "C20d", "C20f", "C20h",
    ];
    check("unbound", &readers::UNBOUND, true, SERVERS, &bad);
    // It leaves zones out that are not names of links.
    check(
        "dnsmasq",
        &readers::DNSMASQ,
        true,
        SERVERS,
        &["C14b", "C14c", "C14e"],
    );
    // Seen from one query, so of several servers the first alone; and its lines end at 511 bytes.
    let one = [
        "C3e", "C7a", "C7b", "C7c", "C13i", "C14d", "C14f", "C16a", "C16b", "C18b", "C18d", "C18f",
        "C19d", "C20e", "C20h",
    ];
    check("busybox", &readers::BUSYBOX, true, SERVERS, &one);
    // Seen from one query, so of several servers the first alone; it never asks a mapped address,
    // and gives up at a very long word.
    let one = [
        "C3e", "C7a", "C7b", "C7c", "C13i", "C14d", "C16a", "C16b", "C18b", "C18c", "C18f", "C19d",
    ];
    check("dig", &readers::DIG, true, DUG, &one);
    // It keeps the text of an address, which says the same.
    let raw = ["C2e", "C3a", "C3b", "C3c", "C3d"];
    check("haproxy", &readers::HAPROXY, true, SERVERS, &raw);
}

#[test]
fn silence_is_as_long_as_measured() {
    let three = b"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
    let seconds = |reader: &Reader| match parse(three).effective(reader).when_silent(reader) {
        readers::Times::Each(time) | readers::Times::Whole(time) => time,
        _ => Duration::MAX,
    };
    assert_eq!(seconds(&readers::GLIBC), Duration::from_secs(28));
    assert_eq!(seconds(&readers::GO), Duration::from_secs(30));
    assert_eq!(seconds(&readers::MUSL), Duration::from_secs(5));
}

/// dig gives the whole file up at a line that others only read in part.
#[test]
fn a_strict_reader_refuses_the_file() {
    for (text, line) in [
        ("nameserver 192.0.2.1\nnameserver\n", 2),
        ("nameserver 192.0.2.1 192.0.2.2\n", 1),
        ("nameserver 192.0.2.1\r\n", 1),
        ("nameserver 192.0.2.1\noptions rotate timeout:x\n", 2),
    ] {
        let document = parse(text.as_bytes());
        let trouble = document.effective(&readers::DIG).trouble;
        assert_eq!(trouble, Some(Trouble::Refused(line)), "{text:?}");
        let found = document.diagnostics_for(&[readers::DIG]).len();
        assert!(found > 0, "{text:?}");
    }
    let sound = b"nameserver 192.0.2.1 # one\r\noptions timeout: rotate\nsearch a.test\r\n";
    assert_eq!(parse(sound).effective(&readers::DIG).trouble, None);
}

/// hickory leaves out what it cannot read, and keeps the rest.
#[test]
fn hickory_skips_a_bad_server() {
    let document = parse(b"domain a.test\nnameserver x\nnameserver 192.0.2.1\ndomain\n");
    let effective = document.effective(&readers::HICKORY);
    assert_eq!((effective.trouble, effective.servers.len()), (None, 1));
    assert_eq!(document.domain(), Some(&b"a.test"[..]));
}

//! The profiles beside what the real readers did with the same files, cell by cell.

use resolvconf::parse;
use resolvconf::readers::{self, Reader};

use super::cases::{cases, context, text};
use super::cell::{Cell, Shown};

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

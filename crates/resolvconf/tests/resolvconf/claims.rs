//! What a finding says of a reader is what that reader does: for whatever lines.

use resolvconf::readers::{ALL, Effective, Reader};
use resolvconf::{Diagnostic, DiagnosticKind as Kind, Document, parse};

/// Pieces of lines that readers take in different ways, and their ends.
const PIECES: [&str; 46] = [
    "nameserver ",
    "nameserver ",
    "nameserver\t",
    "search ",
    "search ",
    "domain ",
    "options ",
    "options ",
    " ",
    "\t",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\r\n",
    "\r",
    "\0",
    "\u{b}",
    "\u{a0}",
    "#",
    " # ",
    ",",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "192.0.2.4",
    "10.1",
    "2001:db8::1",
    "[::1]:53",
    "192.0.2.9:53",
    "a.test",
    "b.test ",
    ".",
    "ndots:0",
    "ndots:7 ",
    "timeout:2",
    "attempts:3",
    "rotate",
    "timeout:0 ",
    "attempts:x ",
    "b..test ",
    "fe80::1%2",
    "0.0.0.0",
    "sortlist ",
];

pub(crate) fn random_texts(count: usize) -> impl Iterator<Item = String> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    (0..count).map(move |_| {
        let length = 2 + next() % 40;
        let pieces = (0..length).map(|_| PIECES[(next() % 46) as usize]);
        pieces.collect()
    })
}

fn takes_servers_of(effective: &Effective, line: usize) -> bool {
    effective.servers.iter().any(|server| server.line == line)
}

/// Whether a finding holds for one of the readers that it names.
fn holds(found: &Diagnostic<'_>, reader: &Reader, effective: &Effective) -> bool {
    let line = found.line();
    let text = found.to_string();
    match found.kind() {
        Kind::NoNameservers => effective.servers.iter().all(|server| server.line == 0),
        Kind::LongLine => !takes_servers_of(effective, line) && effective.search_line != line,
        Kind::CarriageReturn if text.contains("so the server is lost") => {
            !takes_servers_of(effective, line)
        }
        Kind::TooManyNameservers => !takes_servers_of(effective, line),
        Kind::SearchReplaced => {
            let last = format!(
                "replaced by the search list on line {} ",
                effective.search_line
            );
            // 0: the last list holds no domain, or was cleared, and the host's name may give one.
            let known = effective.search_line > 0;
            effective.search_line != line && (!known || text.contains(&last))
        }
        Kind::SearchUnused => effective.search_line == line && effective.ndots == 0,
        Kind::ShortAddress | Kind::Port | Kind::InvalidNameserver if !text.contains(';') => true,
        Kind::ShortAddress | Kind::Port => {
            // "glibc, musl: 10.0.0.1 is asked; go: no server", or the effect alone.
            let effects = text.split_once("; ").map_or("", |(_, effects)| effects);
            let own = effects
                .split("; ")
                .find(|effect| match effect.split_once(": ") {
                    Some((names, _)) if !names.contains(' ') || names.contains(", ") => {
                        names.split(", ").any(|name| name == reader.name)
                    }
                    _ => true,
                });
            let asked = own.is_some_and(|effect| effect.contains("is asked"));
            let full = effective.unasked.iter().any(|server| server.line == line);
            let merged = reader.servers.merges_repeated;
            !asked || full || merged || takes_servers_of(effective, line)
        }
        _ => true,
    }
}

#[track_caller]
fn check(document: &Document) {
    let found = document.diagnostics_for(&ALL);
    for reader in &ALL {
        let effective = document.effective(reader);
        let given_up = effective
            .trouble
            .is_some_and(|trouble| matches!(trouble.as_str(), "refused" | "lost"));
        if given_up || reader.name == "unbound" {
            continue; // One that stops reading contradicts nothing.
        }
        for found in &found {
            if found.readers().any(|named| named.name == reader.name) {
                let name = reader.name;
                assert!(
                    holds(found, reader, &effective),
                    "{name}, line {}: {found}\n{effective:?}\n{document:?}",
                    found.line()
                );
            }
        }
    }
}

#[test]
fn findings_say_what_readers_do() {
    // More on request; a thousand take a fifth of a second.
    let count = std::env::var("RESOLVCONF_TEXTS").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(4000);
    for text in random_texts(count) {
        check(&parse(text.as_bytes()));
    }
}

/// What random texts found first.
#[test]
fn lines_that_a_reader_does_not_see() {
    for text in [
        // Three servers that the C libraries do not see, and one that they do.
        "  nameserver 192.0.2.1\n  nameserver 192.0.2.2\n  nameserver 192.0.2.3\nnameserver 192.0.2.4\n",
        // The later list is indented.
        "search a.test\n  search b.test\n",
        "options ndots:0\nsearch a.test\n search b.test\n",
        // The return stands apart from the address.
        "nameserver 192.0.2.1 \r\n",
        "nameserver 10.1\r\n",
        "  nameserver 10.1\n",
        // Short forms are servers of the C libraries.
        "nameserver 10.1\nnameserver 10.2\nnameserver 10.3\nnameserver 192.0.2.1\n",
    ] {
        check(&parse(text.as_bytes()));
    }
}

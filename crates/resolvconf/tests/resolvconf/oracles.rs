//! The profiles beside the real C libraries and another parser, on files made at random.

use std::fs;
use std::net::IpAddr;
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use resolvconf::readers::{GLIBC, MUSL, Reader};
use resolvconf::{DiagnosticKind as Kind, Document, parse};

use crate::strategies::{file, plausible_file};

/// What a resolver uses of a file.
#[derive(Debug, PartialEq)]
struct Reading {
    nameservers: Vec<IpAddr>,
    search: Vec<Vec<u8>>,
    ndots: u64,
    timeout: u64,
    attempts: u64,
    flags: [bool; 3],
}

/// Ours, of a profile.
fn ours(document: &Document, reader: &Reader) -> Reading {
    let effective = document.effective(reader);
    let addresses = effective
        .servers
        .iter()
        .map(|server| server.address.address());
    let number = u64::from;
    Reading {
        nameservers: addresses.collect(),
        search: effective
            .search
            .iter()
            .map(|domain| domain.as_bytes().to_vec())
            .collect(),
        ndots: number(effective.ndots),
        timeout: effective.timeout.as_secs(),
        attempts: number(effective.attempts),
        flags: ["rotate", "edns0", "trust-ad"].map(|flag| effective.flags.contains(&flag)),
    }
}

fn has(document: &Document, kinds: &[Kind]) -> bool {
    let found = document.diagnostics();
    found.iter().any(|d| kinds.contains(&d.kind()))
}

/// The same files in each run.
fn files() -> Vec<Vec<u8>> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let mut files = Vec::new();
    for _ in 0..400 {
        files.push(plausible_file().new_tree(&mut runner).unwrap().current());
        files.push(file().new_tree(&mut runner).unwrap().current());
    }
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("data/resolvconf.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap().iter();
    files.extend(cases.map(|case| case["in"]["text"].as_str().unwrap().into()));
    files
}

/// Asks a C library by a program of ours; `None`, said aloud, where it cannot be asked.
fn ask(compiler: &str, source: &str, flags: &[&str], files: &[Vec<u8>]) -> Option<Vec<Reading>> {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::write(path("ask.c"), source).unwrap();
    let mut compile = Command::new(compiler);
    compile.arg("-o").arg(path("ask")).arg(path("ask.c"));
    let compiled = compile.args(flags).status();
    if !compiled.is_ok_and(|status| status.success()) {
        return skipped(&format!("{compiler}: not here, or without its headers"));
    }
    let mut command = Command::new(path("ask"));
    for (at, text) in files.iter().enumerate() {
        let path = path(&at.to_string());
        fs::write(&path, text).unwrap();
        command.arg(path);
    }
    let command = command.env_remove("LOCALDOMAIN").env_remove("RES_OPTIONS");
    let output = command.output().unwrap();
    if output.status.code() == Some(77) {
        return skipped("no mount namespace, or no /etc/resolv.conf to mount over");
    }
    assert!(output.status.success(), "{:?}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    Some(lines.chunks_exact(4).map(reading).collect())
}

fn skipped(why: &str) -> Option<Vec<Reading>> {
    support::skip::skip(why);
    None
}

fn reading(lines: &[&str]) -> Reading {
    let words = |at: usize| lines[at].split(' ').skip(1);
    let hex = |word: &str| -> Vec<u8> {
        let digits = word
            .as_bytes()
            .chunks_exact(2)
            .map(|d| std::str::from_utf8(d).unwrap());
        digits.map(|d| u8::from_str_radix(d, 16).unwrap()).collect()
    };
    let numbers: Vec<u64> = words(2).map(|n| n.parse().unwrap()).collect();
    let flags: Vec<bool> = words(3).map(|flag| flag == "1").collect();
    Reading {
        nameservers: words(0).map(|address| address.parse().unwrap()).collect(),
        search: words(1).map(hex).collect(),
        ndots: numbers[0],
        timeout: numbers[1],
        attempts: numbers[2],
        flags: flags.try_into().unwrap(),
    }
}

/// Each reading is what the profile says, word for word.
fn compare(files: &[Vec<u8>], readings: Vec<Reading>, reader: &Reader) {
    assert_eq!(readings.len(), files.len());
    let mut distinct = std::collections::BTreeSet::new();
    for (text, mut theirs) in files.iter().zip(readings) {
        let document = parse(text);
        let mut ours = ours(&document, reader);
        if reader.name == "musl" {
            ours.flags = theirs.flags; // It knows none.
            // It keeps what it will skip at a look-up, and the root.
            let written = document.search_line().map(|line| line.number);
            if written.is_some() && theirs.search != ours.search {
                theirs.search.retain(|domain| ours.search.contains(domain));
            }
        } else {
            // By this old interface it tells six domains, in 256 bytes, and what look-ups skip.
            let told = theirs.search.len().min(ours.search.len());
            theirs.search.truncate(told);
            let bytes: usize = ours.search.iter().map(|domain| domain.len() + 1).sum();
            if told == 6 || bytes > 250 {
                ours.search.truncate(told);
            }
        }
        distinct.insert(format!("{ours:?}"));
        assert_eq!(ours, theirs, "{document:?}");
    }
    assert!(distinct.len() > 100, "{}", distinct.len());
}

#[test]
fn glibc_reads_what_its_profile_says() {
    let mut files = files();
    files.retain(|text| !has(&parse(text), &[Kind::SortlistHang]));
    let source = include_str!("data/glibc.c");
    if let Some(readings) = ask("gcc", source, &["-lresolv"], &files) {
        compare(&files, readings, &GLIBC);
    }
}

#[test]
fn musl_reads_what_its_profile_says() {
    let mut files = files();
    // It leaves out a server whose link does not exist, which no file can tell.
    let zoned = |text: &Vec<u8>| text.contains(&b'%');
    files.retain(|text| !zoned(text));
    let source = include_str!("data/musl.c");
    if let Some(readings) = ask("musl-gcc", source, &["-static"], &files) {
        compare(&files, readings, &MUSL);
    }
}

#[test]
fn the_resolv_conf_crate_reads_sound_files_the_same() {
    let mut compared = 0;
    for text in files() {
        let document = parse(&text);
        // Its own faults: zones with lo, the words of domain, and options it does not know.
        let sound = document.diagnostics().iter().all(|d| {
            matches!(
                d.kind(),
                Kind::NoNameservers
                    | Kind::DuplicateNameserver
                    | Kind::OptionReplaced
                    | Kind::SearchReplaced
            )
        });
        let sound = sound && document.sortlist().next().is_none();
        let Ok(theirs) = resolv_conf::Config::parse(&text) else {
            continue;
        };
        if !sound {
            continue;
        }
        compared += 1;
        let mut ours = ours(&document, &GLIBC);
        if theirs.nameservers.is_empty() {
            ours.nameservers.clear(); // Who is asked then is not its matter.
        }
        let nameservers: Vec<IpAddr> = theirs.nameservers.iter().map(IpAddr::from).collect();
        assert_eq!(ours.nameservers, nameservers, "{document:?}");
        let domains = theirs.get_last_search_or_domain();
        let search: Vec<Vec<u8>> = domains.map(|domain| domain.as_bytes().to_vec()).collect();
        assert_eq!(ours.search, search, "{document:?}");
        assert_eq!(ours.ndots, u64::from(theirs.ndots), "{document:?}");
        assert_eq!(ours.timeout, u64::from(theirs.timeout), "{document:?}");
        assert_eq!(ours.attempts, u64::from(theirs.attempts), "{document:?}");
        assert_eq!(
            ours.flags,
            [theirs.rotate, theirs.edns0, theirs.trust_ad],
            "{document:?}"
        );
    }
    assert!(compared > 50, "{compared}");
}

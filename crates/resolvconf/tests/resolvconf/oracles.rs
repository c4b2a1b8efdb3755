//! Our reading beside others': where they differ, a diagnostic must have said so.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use resolvconf::{DiagnosticKind as Kind, Document, Limits, parse};

use crate::strategies::{file, plausible_file};

/// Diagnostics that announce that glibc reads the file in another way than moby and we do.
const GLIBC_DIFFERS: &[Kind] = &[
    Kind::ByteOrderMark,
    Kind::NulByte,
    Kind::CarriageReturn,
    Kind::IndentedDirective,
    Kind::OddBlank,
    Kind::ShortAddress,
    Kind::EmptyZone,
    Kind::DomainExtraWords,
    Kind::TooManySearchDomains,
    Kind::SearchTooLong,
    Kind::InvalidOptionValue,
];

/// The same for musl.
const MUSL_DIFFERS: &[Kind] = &[
    Kind::ByteOrderMark,
    Kind::NulByte,
    Kind::LongLine,
    Kind::IndentedDirective,
    Kind::OddBlank,
    Kind::ShortAddress,
    // It forgets the search list at a `search` without a word.
    Kind::MissingValue,
    Kind::SearchTooLong,
    Kind::InvalidOptionValue,
    // It finds an option in the middle of a word, and the first of two on a line.
    Kind::UnknownOption,
    Kind::Comma,
    Kind::OptionReplaced,
];

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

/// Ours, with a reader's limits.
fn ours(document: &Document, limits: &Limits) -> Reading {
    let number = |name: &str, default: u64, most: u32| {
        let text = document
            .option(name.as_bytes())
            .map(|v| String::from_utf8_lossy(v).into_owned());
        text.and_then(|text| text.parse().ok())
            .unwrap_or(default)
            .min(u64::from(most))
    };
    let addresses = document.nameservers().map(|found| found.value.address());
    Reading {
        nameservers: addresses.take(3).collect(),
        search: document.search().map(<[u8]>::to_vec).collect(),
        ndots: number("ndots", 1, limits.ndots),
        timeout: number("timeout", 5, limits.timeout),
        attempts: number("attempts", 2, limits.attempts),
        flags: ["rotate", "edns0", "trust-ad"]
            .map(|flag| document.option(flag.as_bytes()).is_some()),
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

/// Checks each reading against ours; what differs must have been announced.
fn compare(files: &[Vec<u8>], readings: Vec<Reading>, limits: &Limits, differs: &[Kind]) {
    assert_eq!(readings.len(), files.len());
    let mut counts = BTreeMap::new();
    for (text, mut theirs) in files.iter().zip(readings) {
        let document = parse(text);
        let mut ours = ours(&document, limits);
        if ours.nameservers.is_empty() {
            ours.nameservers = vec!["127.0.0.1".parse().unwrap()];
        }
        if limits.reader == "musl" {
            ours.flags = theirs.flags; // It knows none.
        } else if ours.search.is_empty() {
            theirs.search.clear(); // glibc's default is the machine's own domain.
        }
        let same = ours == theirs;
        let announced = has(&document, differs);
        *counts.entry((same, announced)).or_insert(0) += 1;
        assert!(same || announced, "{document:?}\n{ours:?}\n{theirs:?}");
    }
    // Not by announcing everything: most files that read the same have nothing announced.
    assert!(counts[&(true, false)] > 150, "{counts:?}");
    assert!(counts[&(false, true)] > 50, "{counts:?}");
}

#[test]
fn glibc_reads_the_same_or_a_diagnostic_says_otherwise() {
    let mut files = files();
    files.retain(|text| !has(&parse(text), &[Kind::SortlistHang]));
    let source = include_str!("data/glibc.c");
    if let Some(readings) = ask("gcc", source, &["-lresolv"], &files) {
        compare(&files, readings, &Limits::GLIBC, GLIBC_DIFFERS);
    }
}

#[test]
fn musl_reads_the_same_or_a_diagnostic_says_otherwise() {
    let mut files = files();
    // It leaves out a server whose link does not exist, which no file can tell.
    let zoned = |text: &Vec<u8>| text.contains(&b'%');
    files.retain(|text| !zoned(text));
    let source = include_str!("data/musl.c");
    if let Some(readings) = ask("musl-gcc", source, &["-static"], &files) {
        compare(&files, readings, &Limits::MUSL, MUSL_DIFFERS);
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
        let ours = ours(&document, &Limits::GLIBC);
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

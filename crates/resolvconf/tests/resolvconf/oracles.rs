//! Our reading beside others': where they differ, a diagnostic must have said so.
#![allow(clippy::print_stdout, reason = "a skipped comparison is said aloud")]

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use resolvconf::{DiagnosticKind as Kind, Document, parse};

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

/// Ours, with glibc's limits.
fn ours(document: &Document) -> Reading {
    let number = |name: &str, default: u64, most: u64| {
        let text = document
            .option(name.as_bytes())
            .map(|v| String::from_utf8_lossy(v).into_owned());
        text.and_then(|text| text.parse().ok())
            .unwrap_or(default)
            .min(most)
    };
    let addresses = document.nameservers().map(|found| found.value.address());
    Reading {
        nameservers: addresses.take(3).collect(),
        search: document.search().map(<[u8]>::to_vec).collect(),
        ndots: number("ndots", 1, 15),
        timeout: number("timeout", 5, 30),
        attempts: number("attempts", 2, 5),
        flags: ["rotate", "edns0", "trust-ad"]
            .map(|flag| document.option(flag.as_bytes()).is_some()),
    }
}

fn announced(document: &Document) -> bool {
    document
        .diagnostics()
        .iter()
        .any(|d| GLIBC_DIFFERS.contains(&d.kind()))
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

fn compile(dir: &Path) -> Option<PathBuf> {
    let source = dir.join("glibc.c");
    fs::write(&source, include_str!("data/glibc.c")).unwrap();
    let program = dir.join("glibc");
    let gcc = Command::new("gcc")
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .arg("-lresolv")
        .status();
    gcc.is_ok_and(|status| status.success()).then_some(program)
}

/// Ask glibc itself; `None`, said aloud, where it cannot be asked.
fn glibc(files: &[Vec<u8>]) -> Option<Vec<Reading>> {
    let dir = tempfile::tempdir().unwrap();
    let Some(program) = compile(dir.path()) else {
        println!("skipped: no gcc with glibc's headers");
        return None;
    };
    let mut command = Command::new(program);
    for (at, text) in files.iter().enumerate() {
        let path = dir.path().join(at.to_string());
        fs::write(&path, text).unwrap();
        command.arg(path);
    }
    let output = command
        .env_remove("LOCALDOMAIN")
        .env_remove("RES_OPTIONS")
        .output()
        .unwrap();
    if output.status.code() == Some(77) {
        println!("skipped: no mount namespace, or no /etc/resolv.conf to mount over");
        return None;
    }
    assert!(output.status.success(), "{:?}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    Some(lines.chunks_exact(4).map(reading).collect())
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

#[test]
fn glibc_reads_the_same_or_a_diagnostic_says_otherwise() {
    let hangs = |text: &Vec<u8>| {
        let document = parse(text);
        document
            .diagnostics()
            .iter()
            .any(|d| d.kind() == Kind::SortlistHang)
    };
    let files: Vec<Vec<u8>> = files().into_iter().filter(|text| !hangs(text)).collect();
    let Some(readings) = glibc(&files) else {
        return;
    };
    assert_eq!(readings.len(), files.len());
    let mut counts = BTreeMap::new();
    for (text, mut theirs) in files.iter().zip(readings) {
        let document = parse(text);
        let mut ours = ours(&document);
        if ours.nameservers.is_empty() {
            ours.nameservers = vec!["127.0.0.1".parse().unwrap()];
        }
        if ours.search.is_empty() {
            theirs.search.clear(); // glibc's default is the machine's own domain.
        }
        let same = ours == theirs;
        let announced = announced(&document);
        *counts.entry((same, announced)).or_insert(0) += 1;
        assert!(same || announced, "{document:?}\n{ours:?}\n{theirs:?}");
    }
    // Not by announcing everything: most files that read the same have nothing announced.
    assert!(counts[&(true, false)] > 150, "{counts:?}");
    assert!(counts[&(false, true)] > 50, "{counts:?}");
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
        let ours = ours(&document);
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

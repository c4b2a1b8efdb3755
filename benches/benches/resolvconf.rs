//! P9: reading resolv.conf, beside the `resolv-conf` crate and the floor, on typical files and on
//! hostile ones of 1 MB.
//!
//! "parse" is the lossless document alone; "values" reads every server, domain and option too, as
//! `resolv-conf` does; "lint" adds all diagnostics. hickory-resolver is left out: 85 packages.

#![allow(missing_docs)] // what criterion's macros make has none

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use resolvconf::Document;

const SMALL: &str = "search default.svc.cluster.example svc.cluster.example cluster.example\n\
                     nameserver 10.96.0.10\noptions ndots:5\n";

const DHCP: &str = "# Written by the DHCP client; changes are lost at the next lease.\n\
                    domain office.example.org\nsearch office.example.org example.org\n\
                    nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 2001:db8::53\n\
                    options timeout:2 attempts:3 rotate edns0 trust-ad\n";

/// As long as what systemd-resolved writes, and as much of it comment.
fn commented() -> String {
    let comment = "# A line of words that tell who wrote this file and what not to do to it.\n";
    format!(
        "{}#\n{}\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 2001:db8::53\nsearch example.org\n",
        comment.repeat(4),
        comment.repeat(7),
    )
}

const MEGABYTE: usize = 1 << 20;

fn filled(start: &str, piece: &str) -> Vec<u8> {
    let repeated = piece.repeat((MEGABYTE - start.len()) / piece.len());
    (start.to_owned() + &repeated).into_bytes()
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("newlines", filled("", "\n")),
        ("one-line", filled("nameserver ", "1")),
        ("blanks", filled("", " ")),
        ("blank-lines", filled("", " \t \n")),
        ("unicode-blanks", filled("search ", "\u{2003}")),
        ("servers", filled("", "nameserver 192.0.2.1\n")),
        ("bad-servers", filled("", "nameserver x\n")),
        ("search-words", filled("search ", "a ")),
        ("search-lines", filled("", "search a\n")),
        ("empty-searches", filled("search a\n", "search\n")),
        ("option-words", filled("options ", "ndots:1 ")),
        ("option-lines", filled("", "options ndots:1\n")),
        ("options-empty", filled("options ndots:1\n", "options\n")),
        ("option-numbers", filled("options ", "ndots:99999999999 ")),
        ("option-prefixes", filled("options ", "r ")),
        ("crlf", filled("", "nameserver 192.0.2.1\r\n")),
        ("ports", filled("", "nameserver 192.0.2.1:5\n")),
        ("zones", filled("", "nameserver fe80::1%a\n")),
        ("nul", filled("", "\0")),
        ("nul-lines", filled("", "search a\0\n")),
        ("not-utf8", filled("", "\u{7f}\u{85}\n")),
        ("carriage-returns", filled("search", "\r")),
        ("unknown", filled("", "x\n")),
        ("comments", filled("", "#\n")),
        ("indented-comments", filled("", " #\n")),
        ("short-addresses", filled("", "nameserver 1\n")),
        ("commas", filled("search ", ", ")),
        ("sortlist", filled("sortlist ", "10.0.0.0/8 ")),
    ]
}

fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

fn words(text: &[u8]) -> usize {
    let blank = |b: &u8| b.is_ascii_whitespace();
    text.split(blank).filter(|word| !word.is_empty()).count()
}

/// Every value of a document, so that nothing stays undone.
fn values(document: &Document) -> usize {
    let servers = document
        .nameservers()
        .map(|found| found.value.is_loopback());
    servers.filter(|loopback| !loopback).count()
        + document.search().map(<[u8]>::len).sum::<usize>()
        + document
            .options()
            .map(|found| found.value.len())
            .sum::<usize>()
        + document.option(b"ndots").map_or(0, <[u8]>::len)
}

fn typical(criterion: &mut Criterion) {
    let commented = commented();
    let mut group = criterion.benchmark_group("P9 typical");
    for (name, text) in [("small", SMALL), ("dhcp", DHCP), ("commented", &commented)] {
        let text = text.as_bytes();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(
            BenchmarkId::new("floor: newline scan", name),
            text,
            |b, text| {
                b.iter(|| newlines(black_box(text)));
            },
        );
        group.bench_with_input(BenchmarkId::new("word split", name), text, |b, text| {
            b.iter(|| words(black_box(text)));
        });
        group.bench_with_input(
            BenchmarkId::new("resolvconf parse", name),
            text,
            |b, text| {
                b.iter(|| resolvconf::parse(black_box(text)));
            },
        );
        group.bench_with_input(
            BenchmarkId::new("resolvconf values", name),
            text,
            |b, text| {
                b.iter(|| values(&resolvconf::parse(black_box(text))));
            },
        );
        group.bench_with_input(
            BenchmarkId::new("resolvconf lint", name),
            text,
            |b, text| {
                b.iter(|| resolvconf::parse(black_box(text)).diagnostics().len());
            },
        );
        group.bench_with_input(BenchmarkId::new("resolv-conf", name), text, |b, text| {
            b.iter(|| resolv_conf::Config::parse(black_box(text)).is_ok());
        });
    }
    group.finish();
}

/// The price of all readers, and of telling a person.
fn readers(criterion: &mut Criterion) {
    use resolvconf::readers::{ALL, Context, DEFAULT};
    let mut group = criterion.benchmark_group("P9 readers");
    let document = resolvconf::parse(DHCP.as_bytes());
    group.bench_function("explain for three", |b| {
        b.iter(|| black_box(&document).explain().len());
    });
    group.bench_function("what a look-up asks, three readers", |b| {
        let asked = |reader| {
            black_box(&document)
                .effective(reader)
                .queries(reader, b"web")
        };
        b.iter(|| {
            DEFAULT
                .iter()
                .map(|reader| asked(reader).len())
                .sum::<usize>()
        });
    });
    group
        .sample_size(10)
        .measurement_time(Duration::from_millis(600));
    for (name, text) in hostile() {
        let document = resolvconf::parse(&text);
        group.bench_function(format!("lint of 1 MB for three: {name}"), |b| {
            b.iter(|| black_box(&document).diagnostics_for(&DEFAULT).len());
        });
        group.bench_function(format!("lint of 1 MB for all: {name}"), |b| {
            b.iter(|| black_box(&document).diagnostics_for(&ALL).len());
        });
        group.bench_function(format!("explain 1 MB for three: {name}"), |b| {
            let context = Context::new();
            b.iter(|| black_box(&document).explain_for(&DEFAULT, &context).len());
        });
    }
    group.finish();
}

fn hostile_files(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("P9 hostile");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300));
    for (name, text) in hostile() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        for size in [MEGABYTE / 64, MEGABYTE / 16, MEGABYTE / 4, MEGABYTE] {
            let text = &text[..size.min(text.len())];
            let id = BenchmarkId::new(format!("resolvconf values {name}"), size);
            group.bench_with_input(id, text, |b, text| {
                b.iter(|| values(&resolvconf::parse(black_box(text))));
            });
            let id = BenchmarkId::new(format!("resolvconf lint {name}"), size);
            group.bench_with_input(id, text, |b, text| {
                b.iter(|| resolvconf::parse(black_box(text)).diagnostics().len());
            });
        }
        let id = BenchmarkId::new(format!("resolv-conf {name}"), MEGABYTE);
        group.bench_with_input(id, &text[..], |b, text| {
            b.iter(|| resolv_conf::Config::parse(black_box(text)).is_ok());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30);
    targets = typical, readers, hostile_files
}
criterion_main!(benches);

//! resolvconf: reading, and what a container gets.

use std::hint::black_box;

use resolvconf::{Document, Nameserver, Network, TransformOptions};

use crate::case::{Case, Work};

const DHCP: &str = "# Written by the DHCP client; changes are lost at the next lease.\n\
    domain office.example.org\nsearch office.example.org example.org\n\
    nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 2001:db8::53\n\
    options timeout:2 attempts:3 rotate edns0 trust-ad\n";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::cold("parse 64 KiB of servers", || {
            parse("nameserver 192.0.2.1\n".repeat(65_536 / 21))
        }),
        Case::cold("parse 200 typical resolv.conf", || parse(DHCP.repeat(200))),
        Case::warm("transform and render", render),
    ]
}

fn parse(text: String) -> Work {
    Box::new(move || {
        let document = resolvconf::parse(black_box(text.as_bytes()));
        black_box(values(&document));
    })
}

/// Every value of a document.
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

fn render() -> Work {
    let document = resolvconf::parse(DHCP.as_bytes());
    let internal = Network::Internal {
        nameserver: Nameserver::parse(b"127.0.0.11").expect("an address"),
        required_options: vec!["ndots:0".into()],
    };
    let networks = [Network::Host, Network::Legacy { ipv6: true }, internal];
    let options: Vec<TransformOptions> = networks.into_iter().map(TransformOptions::new).collect();
    Box::new(move || {
        for _ in 0..50 {
            for options in &options {
                black_box(resolvconf::transform(black_box(&document), options).render(true));
            }
        }
    })
}

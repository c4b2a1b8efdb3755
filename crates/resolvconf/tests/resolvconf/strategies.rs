//! Inputs that look like a resolv.conf often enough to reach every branch.

use proptest::prelude::*;

const WORDS: &[&[u8]] = &[
    b"nameserver",
    b"nameserver",
    b"nameserver",
    b"search",
    b"domain",
    b"options",
    b"options",
    b"sortlist",
    b"ndots:",
    b"ndots:3",
    b"ndots:+2",
    b"ndots:-1",
    b"timeout:7",
    b"timeout:99",
    b"attempts:4",
    b"rotate",
    b"edns0",
    b"trust-ad",
    b"192.0.2.1",
    b"198.51.100.77",
    b"127.0.0.53",
    b"2001:db8::53",
    b"::ffff:192.0.2.1",
    b"fe80::1%eth0",
    b"fe80::1%",
    b"10.1",
    b"0x7f.1",
    b"010.0.0.1",
    b"0.0.0.0",
    b"a.example",
    b"b.example.",
    b".",
    b"\xc2\xa0\xe2\x80\x83",
    b"\xef\xbb\xbf",
    b"#",
    b";",
    b",",
];

/// A whole file, directives and garbage mixed at random.
pub(crate) fn file() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        6 => proptest::sample::select(WORDS).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    let blank = proptest::sample::select(vec![
        &b" "[..],
        b" ",
        b" ",
        b"\t",
        b"\n",
        b"\n",
        b"\r\n",
        b"",
    ]);
    proptest::collection::vec((word, blank), 0..40).prop_map(|parts| {
        let pieces = parts.iter().map(|(word, blank)| [word, *blank].concat());
        pieces.collect::<Vec<_>>().concat()
    })
}

/// A file that a person might write: directives with values that mostly fit.
pub(crate) fn plausible_file() -> impl Strategy<Value = Vec<u8>> {
    let server = proptest::sample::select(vec![
        "192.0.2.1",
        "198.51.100.77",
        "2001:db8::53",
        "::ffff:192.0.2.1",
        "fe80::1%lo",
        "10.1",
        "bad",
        "fe80::1%",
    ]);
    let domain = proptest::sample::select(vec!["a.example", "b", "example.org.", ".", "#", "x,y"]);
    let option = proptest::sample::select(vec![
        "ndots:0",
        "ndots:4",
        "ndots:20",
        "timeout:2",
        "timeout:60",
        "attempts:3",
        "rotate",
        "edns0",
        "trust-ad",
        "no-aaaa",
        "new",
    ]);
    let indent = proptest::sample::select(vec!["", "", "", "", "", " ", "\t"]);
    let blank = proptest::sample::select(vec![" ", "  ", "\t", " \t "]);
    let list = |word, most| proptest::collection::vec(word, 0..most);
    let line = prop_oneof![
        4 => list(server, 2).prop_map(|words| ("nameserver", words)),
        2 => list(domain.clone(), 4).prop_map(|words| ("search", words)),
        1 => list(domain, 3).prop_map(|words| ("domain", words)),
        2 => list(option, 4).prop_map(|words| ("options", words)),
        1 => Just(("# comment", vec![])),
        1 => Just(("", vec![])),
        1 => Just(("Nameserver", vec!["192.0.2.9"])),
    ];
    let end = proptest::sample::select(vec!["\n", "\n", "\n", "\n", "\n", "\n", "\n", "\r\n"]);
    let line = (indent, line, blank, end).prop_map(|(indent, (directive, words), blank, end)| {
        let mut line = format!("{indent}{directive}");
        for word in words {
            line = line + blank + word;
        }
        (line + end).into_bytes()
    });
    proptest::collection::vec(line, 0..9).prop_map(|lines| lines.concat())
}

//! Names for which readers send no query.

use resolvconf::parse;
use resolvconf::readers::{
    ALL, BUSYBOX, C_ARES, GLIBC, GO, GO_OLD, MUSL, MUSL_OLD, NoQuery, RESOLVED, Reader,
};

const FILE: &[u8] = b"nameserver 192.0.2.1\nsearch one.test\n";

fn asked(text: &[u8], reader: &Reader, name: &str) -> Vec<String> {
    let queries = parse(text)
        .effective(reader)
        .queries(reader, name.as_bytes());
    queries.iter().map(|query| query.name.to_string()).collect()
}

#[test]
fn each_reader_has_its_reason() {
    use NoQuery::{Address, NotAName, NotAscii, Refused};
    let long = "a".repeat(64);
    let table: [(&str, [Option<NoQuery>; 3]); 20] = [
        ("192.0.2.1", [Some(Address); 3]),
        ("::1", [Some(Address); 3]),
        ("fe80::1%lo", [Some(Address); 3]),
        ("1.2", [Some(Address), Some(Address), Some(Refused)]),
        ("12", [Some(Address), Some(Address), Some(Refused)]),
        ("0x7f", [Some(Address), Some(Address), None]),
        ("1.2.3.4.", [None, None, Some(Refused)]),
        ("", [Some(NotAName); 3]),
        ("a..zz", [Some(NotAName); 3]),
        (".zz", [Some(NotAName); 3]),
        ("..", [Some(NotAName); 3]),
        (&long, [Some(NotAName); 3]),
        (".", [None, Some(Refused), None]),
        ("_x", [None; 3]),
        ("-x", [Some(Refused), None, Some(Refused)]),
        ("x-.zz", [None, None, Some(Refused)]),
        ("a b", [Some(Refused), None, Some(Refused)]),
        ("*", [Some(Refused), None, Some(Refused)]),
        ("b\u{fc}cher", [Some(NotAscii), None, Some(Refused)]),
        ("x.ONION", [None; 3]),
    ];
    for (name, expected) in table {
        let told = [GLIBC, MUSL, GO].map(|reader| reader.no_query(name.as_bytes()));
        assert_eq!(told, expected, "{name}");
        for reader in [GLIBC, MUSL, GO] {
            let asks = reader.no_query(name.as_bytes()).is_none();
            assert_eq!(
                asks,
                !asked(FILE, &reader, name).is_empty(),
                "{} {name}",
                reader.name
            );
        }
    }
}

/// No query can hold such a name, so no reader is said to ask for it.
#[test]
fn nobody_asks_for_what_is_no_name() {
    let labels = ("a".repeat(60) + ".").repeat(4);
    for name in [
        labels + "b12345678.c",
        "a".repeat(64) + ".zz",
        "a..b".into(),
    ] {
        for reader in ALL {
            assert_eq!(reader.no_query(name.as_bytes()), Some(NoQuery::NotAName));
            assert_eq!(
                asked(FILE, &reader, &name),
                [""; 0],
                "{} {name}",
                reader.name
            );
        }
    }
}

/// A domain with which the name gets too long ends the list of glibc, or the look-up, or it is
/// skipped.
#[test]
fn a_search_domain_may_be_too_long_for_a_name() {
    let long = [
        "a".repeat(60),
        "b".repeat(60),
        "c".repeat(60),
        "d".repeat(47),
    ]
    .join(".");
    let text = format!("nameserver 192.0.2.1\nsearch {long} ok.test\n");
    let text = text.as_bytes();
    let fits = format!("zz.{long}");
    assert_eq!(asked(text, &GLIBC, "zz"), [&fits, "zz.ok.test", "zz"]);
    let name = "x.abcdefghijklmnopqrstuvw";
    assert_eq!(asked(text, &GLIBC, name), [name]);
    assert_eq!(asked(text, &GO, name), [name, &format!("{name}.ok.test")]);
    let single = "abcdefghijklmnopqrstuvwxyz";
    assert_eq!(asked(text, &GLIBC, single), [single]);
    // The look-up fails there.
    assert_eq!(asked(text, &C_ARES, name), [name]);
    for reader in [C_ARES, RESOLVED, BUSYBOX] {
        assert_eq!(asked(text, &reader, single), [""; 0], "{}", reader.name);
    }
    for reader in [GO, MUSL, MUSL_OLD] {
        let both = [&format!("{single}.ok.test"), single];
        assert_eq!(asked(text, &reader, single), both, "{}", reader.name);
    }
}

/// Go keeps a domain in its list that no name can end in. What look-ups use is without it.
#[test]
fn the_used_search_list_is_what_queries_use() {
    let text = b"nameserver 192.0.2.1\nsearch .one.test ok.test\n";
    for reader in ALL {
        let effective = parse(text).effective(&reader);
        let used: Vec<_> = effective.used_search(&reader).cloned().collect();
        let queries = effective.queries(&reader, b"zz");
        let domains: Vec<_> = queries.into_iter().filter_map(|q| q.domain).collect();
        if !domains.is_empty() {
            assert_eq!(used, domains, "{}", reader.name);
        }
    }
    let used = |reader: Reader| parse(text).effective(&reader).used_search(&reader).count();
    assert_eq!((used(GLIBC), used(GO)), (2, 1));
}

/// Go sends no query for a name in `.onion`; 1.19 does not even search.
#[test]
fn go_asks_nobody_about_onions() {
    assert_eq!(asked(FILE, &GO, "x.Onion"), ["x.Onion.one.test"]);
    assert_eq!(asked(FILE, &GO, "x.onion."), [""; 0]);
    assert_eq!(GO_OLD.no_query(b"x.onion"), Some(NoQuery::Refused));
    assert_eq!(
        asked(FILE, &GLIBC, "x.onion"),
        ["x.onion", "x.onion.one.test"]
    );
}

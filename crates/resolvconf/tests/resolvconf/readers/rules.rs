//! Single rules of single readers.

use std::time::Duration;

use resolvconf::parse;
use resolvconf::readers::{self, Reader, Trouble};

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

/// systemd-resolved never asks for a name without a dot as it is.
#[test]
fn resolved_asks_for_single_labels_only_with_a_domain() {
    let asked = |text: &str, name: &str| -> Vec<String> {
        let effective = parse(text.as_bytes()).effective(&readers::RESOLVED);
        let queries = effective.queries(&readers::RESOLVED, name.as_bytes());
        queries.iter().map(|query| query.name.to_string()).collect()
    };
    let list = "nameserver 192.0.2.1\nsearch one.test two.test\n";
    assert_eq!(asked(list, "zz"), ["zz.one.test", "zz.two.test"]);
    assert_eq!(asked(list, "a.zz"), ["a.zz"]);
    assert_eq!(asked(list, "a.zz."), ["a.zz"]);
    for (text, name) in [(list, "zz."), ("nameserver 192.0.2.1\n", "zz")] {
        assert_eq!(asked(text, name), [""; 0], "{name}");
    }
}

/// glibc asks for a name as it is at the place of `.`, and not again; Go and musl at the end.
#[test]
fn the_root_stands_at_its_place() {
    let asked = |reader: &Reader, name: &str| -> Vec<String> {
        let text = b"nameserver 192.0.2.1\nsearch . one.test two.test\n";
        let queries = parse(text)
            .effective(reader)
            .queries(reader, name.as_bytes());
        queries.iter().map(|query| query.name.to_string()).collect()
    };
    let list = ["zz.one.test", "zz.two.test"];
    for reader in [&readers::GLIBC, &readers::GLIBC_NEW] {
        assert_eq!(
            asked(reader, "zz"),
            ["zz", list[0], list[1]],
            "{}",
            reader.name
        );
    }
    for reader in [&readers::GO, &readers::MUSL] {
        assert_eq!(
            asked(reader, "zz"),
            [list[0], list[1], "zz"],
            "{}",
            reader.name
        );
    }
}

/// glibc skips one dot before a search domain, and only one.
#[test]
fn a_dot_before_a_domain() {
    let asked = |list: &str| -> (Vec<String>, bool) {
        let text = format!("nameserver 192.0.2.1\nsearch {list}\n");
        let document = parse(text.as_bytes());
        let queries = document.effective(&readers::GLIBC);
        let queries = queries.queries(&readers::GLIBC, b"zz");
        let found = document.diagnostics_for(&[readers::GLIBC]).len();
        (
            queries.iter().map(|query| query.name.to_string()).collect(),
            found > 0,
        )
    };
    let (names, is_odd) = asked(".one.test two.test");
    assert_eq!(
        (names.join(" "), is_odd),
        ("zz.one.test zz.two.test zz".into(), false)
    );
    let (names, is_odd) = asked("..one.test two.test");
    assert_eq!((names.join(" "), is_odd), ("zz".into(), true));
}

/// musl loses a line with a NUL and the next one. The last line has no next one: without a line
/// feed it counts up to the NUL.
#[test]
fn a_nul_on_the_last_line_eats_nothing() {
    let first = |text: &[u8], reader: &Reader| {
        let effective = parse(text).effective(reader);
        let found = parse(text);
        let found = found.diagnostics_for(std::slice::from_ref(reader));
        let alone = found.iter().any(|f| f.kind().as_str() == "no-nameservers");
        (effective.servers[0].address.to_string(), alone)
    };
    for reader in [&readers::MUSL, &readers::MUSL_OLD] {
        let server = |text: &[u8]| first(text, reader);
        assert_eq!(
            server(b"nameserver 192.0.2.5\0x"),
            ("192.0.2.5".into(), false)
        );
        assert_eq!(
            server(b"nameserver 192.0.2.5\0x\n"),
            ("127.0.0.1".into(), true)
        );
        let two = b"nameserver 192.0.2.5\0\nnameserver 192.0.2.6";
        assert_eq!(server(two), ("127.0.0.1".into(), true));
    }
}

/// busybox's nslookup and dig, with few dots and with many.
#[test]
fn tools_search_for_few_dots_alone() {
    let asked = |text: &str, reader: &Reader, name: &str| -> Vec<String> {
        let effective = parse(text.as_bytes()).effective(reader);
        let queries = effective.queries(reader, name.as_bytes());
        queries.iter().map(|query| query.name.to_string()).collect()
    };
    let list = "nameserver 192.0.2.1\nsearch one.test\n";
    assert_eq!(asked(list, &readers::BUSYBOX, "zz"), ["zz.one.test"]);
    assert_eq!(asked(list, &readers::DIG, "zz"), ["zz.one.test", "zz"]);
    for reader in [&readers::BUSYBOX, &readers::DIG] {
        assert_eq!(asked(list, reader, "a.zz"), ["a.zz"]);
        assert_eq!(asked(list, reader, "zz."), ["zz"]);
        assert_eq!(asked("nameserver 192.0.2.1\n", reader, "zz"), ["zz"]);
    }
}

/// c-ares splits domains at blanks and commas alone. 1.34 takes no value with other white space
/// inside or a byte beyond ASCII, and of `domain` only what stands before a comma.
#[test]
fn c_ares_wants_blanks_between_domains() {
    let searched = |text: &str, reader: &Reader| -> Vec<String> {
        let effective = parse(text.as_bytes()).effective(reader);
        effective.search.iter().map(|d| d.to_string()).collect()
    };
    let old = &readers::C_ARES_OLD;
    let none: [&str; 0] = [];
    let tab = "search one.test\ttwo.test ok.test\n";
    assert_eq!(searched(tab, &readers::C_ARES), none);
    assert_eq!(searched(tab, old), ["one.test\ttwo.test", "ok.test"]);
    let both = "search\tone.test, two.test \x0b\n";
    for reader in [&readers::C_ARES, old] {
        assert_eq!(
            searched(both, reader),
            ["one.test", "two.test"],
            "{}",
            reader.name
        );
    }
    let domain = "domain one.test,two.test three.test\n";
    assert_eq!(searched(domain, &readers::C_ARES), ["one.test"]);
    assert_eq!(searched(domain, old), ["one.test", "two.test"]);
    for value in ["192.0.2.1 \u{e9}", "192.0.2.1\0x", "192.0.2.1 \t192.0.2.2"] {
        let text = format!("nameserver {value}\n");
        let document = parse(text.as_bytes());
        for reader in [readers::C_ARES, readers::NODE] {
            let servers = document.effective(&reader).servers;
            assert_eq!(servers[0].line, 0, "{} {value:?}", reader.name);
            let found = document.diagnostics_for(std::slice::from_ref(&reader));
            let without = found.iter().any(|d| d.kind().as_str() == "no-nameservers");
            assert!(without, "{} {value:?}", reader.name);
        }
    }
}

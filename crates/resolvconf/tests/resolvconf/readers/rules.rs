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

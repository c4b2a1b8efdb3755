use resolvconf::{
    DropReason, Fallback, Limits, Network, Resolved, TransformOptions, Warning, parse, transform,
};

#[track_caller]
fn check(text: &[u8], limits: Limits, plain: &str, warnings: &[&str]) {
    let mut options = TransformOptions::new(Network::Host);
    options.limits = Some(limits);
    let resolved = transform(&parse(text), &options);
    assert_eq!(String::from_utf8(resolved.render(false)).unwrap(), plain);
    let names: Vec<_> = resolved.warnings().iter().map(|w| w.as_str()).collect();
    assert_eq!(names, warnings);
}

#[test]
fn nothing_is_cut_unless_asked_for() {
    let text = "nameserver 192.0.2.1\n".repeat(9) + "search a b c d e f g\noptions ndots:99\n";
    let resolved = transform(&parse(text.as_bytes()), &TransformOptions::default());
    assert_eq!(resolved.render(false), text.as_bytes());
}

#[test]
fn limits_cut_with_a_warning_each() {
    let servers: String = (1..=4)
        .map(|n| format!("nameserver 192.0.2.{n}\n"))
        .collect();
    let three = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
    check(
        servers.as_bytes(),
        Limits::GLIBC,
        three,
        &["cut-nameservers"],
    );
    check(three.as_bytes(), Limits::GLIBC, three, &[]);
    check(servers.as_bytes(), Limits::SYSTEMD, &servers, &[]);
    let list = b"search a b c d e f g\n";
    check(
        list,
        Limits::OLD_GLIBC,
        "search a b c d e f\n",
        &["cut-search"],
    );
    check(list, Limits::GLIBC, "search a b c d e f g\n", &[]);
    let long = format!("search {} {} c\n", "a.".repeat(100), "b".repeat(46));
    check(
        long.as_bytes(),
        Limits::MUSL,
        long.strip_suffix(" c\n")
            .map(|l| l.to_owned() + "\n")
            .unwrap()
            .as_str(),
        &["cut-search"],
    );
    let high = b"options ndots:16 timeout:31 attempts:6 rotate\n";
    let lowered = "options ndots:15 timeout:30 attempts:5 rotate\n";
    check(high, Limits::GLIBC, lowered, &["lowered-option"; 3]);
}

fn legacy(text: &[u8], ipv6: bool) -> Resolved {
    transform(
        &parse(text),
        &TransformOptions::new(Network::Legacy { ipv6 }),
    )
}

#[test]
fn what_a_legacy_network_leaves_out_has_a_reason() {
    let text = b"nameserver 127.0.0.1\nnameserver ::\nnameserver fe80::1%eth0\n\
        nameserver fe80::1\nnameserver 2001:db8::1%eth0\nnameserver 169.254.169.253\n";
    let reasons = |resolved: &Resolved| -> Vec<String> {
        let dropped = resolved.dropped().iter();
        dropped
            .map(|d| format!("{} {}", d.address, d.reason.as_str()))
            .collect()
    };
    assert_eq!(
        reasons(&legacy(text, true)),
        [
            "127.0.0.1 loopback",
            ":: unspecified",
            "fe80::1%eth0 host-zone"
        ]
    );
    assert_eq!(
        reasons(&legacy(text, false)),
        [
            "127.0.0.1 loopback",
            ":: unspecified",
            "fe80::1%eth0 no-ipv6",
            "fe80::1 no-ipv6",
            "2001:db8::1%eth0 no-ipv6"
        ]
    );
    // No warning for what IPv6 being off explains already.
    assert!(legacy(text, false).warnings().is_empty());
}

#[test]
fn a_required_ndots_replaces_only_what_is_malformed() {
    for (given, expected) in [
        ("ndots:5", "ndots:5"),
        ("ndots:+1", "ndots:1"),
        ("ndots:-1", "ndots:0"),
        ("ndots:", "ndots:0"),
        ("ndots", "ndots:0"),
        ("ndots:1 ndots:x", "ndots:1"),
        ("ndots:99999999999999999999", "ndots:0"),
    ] {
        let network = Network::Internal {
            nameserver: "127.0.0.11".parse().unwrap(),
            required_options: vec!["ndots:0".into()],
        };
        let text = format!("nameserver 192.0.2.1\noptions {given}\n");
        let resolved = transform(&parse(text.as_bytes()), &TransformOptions::new(network));
        let plain = String::from_utf8(resolved.render(false)).unwrap();
        assert_eq!(
            plain,
            format!("nameserver 127.0.0.11\noptions {expected}\n"),
            "{given}"
        );
        let origin = resolved.ndots_origin().map(|origin| origin.as_str());
        let own = if expected == "ndots:0" {
            "internal"
        } else {
            "host"
        };
        assert_eq!(origin, Some(own), "{given}");
    }
}

/// Which servers stand in for none is the operator's choice, and each answer is told.
#[test]
fn the_fallback_has_a_name() {
    let host = parse(b"nameserver 127.0.0.1\nnameserver 0.0.0.0\nnameserver fe80::1%eth0\n");
    let go = |fallback: Fallback, ipv6, ipv6_only| {
        let mut options = TransformOptions::new(Network::Legacy { ipv6 });
        options.fallback = fallback;
        options.ipv6_only = ipv6_only;
        let resolved = transform(&host, &options);
        let servers = resolved.nameservers().iter().map(ToString::to_string);
        let warnings = resolved.warnings().iter().map(Warning::as_str);
        (servers.collect::<Vec<_>>(), warnings.collect::<Vec<_>>())
    };
    let own = Fallback::Servers(vec!["192.0.2.53".parse().unwrap()]);
    let (servers, warnings) = go(own, false, false);
    assert_eq!(
        (&servers[..], &warnings[..]),
        (&["192.0.2.53".into()][..], &["fallback-nameservers"][..])
    );
    let (servers, warnings) = go(Fallback::Off, false, false);
    assert_eq!((servers.len(), &warnings[..]), (0, &["no-nameservers"][..]));
    let (servers, _) = go(Fallback::Moby, false, false);
    assert_eq!(servers, ["8.8.8.8", "8.8.4.4"]);
    let (servers, _) = go(Fallback::Moby, true, true);
    assert_eq!(servers, ["2001:4860:4860::8888", "2001:4860:4860::8844"]);
}

#[test]
fn a_network_without_ipv4_has_no_use_for_ipv4_servers() {
    let host = parse(b"nameserver 192.0.2.1\nnameserver 2001:db8::1\n");
    let mut options = TransformOptions::new(Network::Legacy { ipv6: true });
    options.ipv6_only = true;
    let resolved = transform(&host, &options);
    assert_eq!(resolved.render(false), b"nameserver 2001:db8::1\n");
    assert_eq!(resolved.dropped()[0].reason, DropReason::NoIpv4);
}

pub(crate) fn plain(text: &[u8], options: &TransformOptions) -> (String, Vec<&'static str>) {
    let resolved = transform(&parse(text), options);
    let warnings = resolved.warnings().iter().map(Warning::as_str).collect();
    (String::from_utf8(resolved.render(false)).unwrap(), warnings)
}

/// What takes DNS away from some reader is not written, wherever it came from. What ends a program
/// is not spelled here; the guard refuses these values, and the readers survive them.
#[test]
fn no_reader_is_left_without_an_attempt_or_time() {
    for option in [
        "timeout:0",
        "timeout:",
        "timeout:x",
        "timeout:-1",
        "attempts:",
        "attempts:x",
        "attempts:-1",
        "attempts:99999999999",
        "ndots:",
        "ndots:x",
        "ndots:-1",
        "ndots:2x",
        "ndots:99999999999",
    ] {
        let host = format!("options edns0 {option}\n");
        let (text, warnings) = plain(host.as_bytes(), &TransformOptions::default());
        assert_eq!(
            (&text[..], &warnings[..]),
            ("options edns0\n", &["dropped-option"][..])
        );
        let mut options = TransformOptions::default();
        options.options = Some(vec![option.into()]);
        options.add_options = vec![option.into()];
        let (text, warnings) = plain(b"", &options);
        assert_eq!((&text[..], warnings.len()), ("", 2), "{option}");
    }
    let (text, _) = plain(
        b"options ndots:+2 timeout:03 attempts:1\n",
        &TransformOptions::default(),
    );
    assert_eq!(text, "options ndots:2 timeout:3 attempts:1\n");
}

#[test]
fn the_search_domain_root_is_not_passed_on() {
    let (text, _) = plain(b"search .\n", &TransformOptions::default());
    assert_eq!(text, "");
    let (text, _) = plain(b"search one.test .\n", &TransformOptions::default());
    assert_eq!(text, "search one.test\n");
}

/// Of lines that are made one, each default reader takes the value it took before.
#[test]
fn merged_options_keep_their_value() {
    for text in [
        "options ndots:3\noptions ndots:5\n",
        "options ndots:3 ndots:5\n",
        "options ndots:3 timeout:2\noptions ndots:5 ndots:7\n",
        "options timeout:2\noptions rotate\noptions timeout:4 attempts:3\n",
    ] {
        let (merged, _) = plain(text.as_bytes(), &TransformOptions::default());
        for reader in &resolvconf::readers::DEFAULT {
            let before = parse(text.as_bytes()).effective(reader);
            let after = parse(merged.as_bytes()).effective(reader);
            assert_eq!(before, after, "{}: {text:?} {merged:?}", reader.name);
        }
    }
    let (_, warnings) = plain(
        b"options ndots:3\noptions ndots:5\n",
        &TransformOptions::default(),
    );
    assert_eq!(warnings, ["merged-option"]);
}

#[test]
fn short_addresses_are_what_the_c_libraries_make_of_them() {
    let host = b"nameserver 192.0.2\nnameserver 0300.0.2.1\nnameserver 192.000.002.001\n";
    let (text, _) = plain(
        host,
        &TransformOptions::new(Network::Legacy { ipv6: false }),
    );
    assert_eq!(
        text,
        "nameserver 192.0.0.2\nnameserver 192.0.2.1\nnameserver 192.0.2.1\n"
    );
}

/// Behind the tenth network glibc looks no further: this line is refused here and harmless there.
#[test]
fn a_sortlist_that_hangs_is_not_passed_on() {
    let host = [&b"sortlist "[..], &b"192.0.2.0 ".repeat(10), b"\x0b\n"].concat();
    let (text, warnings) = plain(&host, &TransformOptions::default());
    assert_eq!((&text[..], &warnings[..]), ("", &["dropped-sortlist"][..]));
    let (text, _) = plain(b"sortlist 192.0.2.0\n", &TransformOptions::default());
    assert_eq!(text, "sortlist 192.0.2.0\n");
}

/// The network's own resolver asks for `ndots:0`; Alpine then never searches.
#[test]
fn a_list_that_ndots_switches_off_is_told() {
    let network = Network::Internal {
        nameserver: "127.0.0.11".parse().unwrap(),
        required_options: vec!["ndots:0".into()],
    };
    let (_, warnings) = plain(
        b"nameserver 192.0.2.1\nsearch a\n",
        &TransformOptions::new(network),
    );
    assert_eq!(warnings, ["search-unused"]);
}

/// What is cut for musl is all that musl reads.
#[test]
fn what_is_cut_for_musl_fits_its_lines() {
    let domains: String = (0..40).map(|n| format!("d{n:03}.test ")).collect();
    let options: String = (0..60).map(|n| format!("opt{n:02} ")).collect();
    let host = format!("nameserver 192.0.2.1\nsearch {domains}\noptions {options}\n");
    let mut wanted = TransformOptions::default();
    wanted.limits = Some(Limits::MUSL);
    let (text, warnings) = plain(host.as_bytes(), &wanted);
    assert_eq!(warnings, ["cut-search", "cut-options"]);
    let long: Vec<usize> = text
        .lines()
        .map(str::len)
        .filter(|length| *length > 254)
        .collect();
    assert_eq!(long, [0_usize; 0]);
    let document = parse(text.as_bytes());
    let musl = document.effective(&resolvconf::readers::MUSL);
    assert!(musl.search.len() > 20, "{musl:?}");
}

/// glibc ends its list at such a domain, musl 1.2.3 fails, Go skips it.
#[test]
fn domains_that_readers_read_differently_are_left_out() {
    let long = "a".repeat(64);
    let host = format!("nameserver 192.0.2.1\nsearch one.test a..b {long}.test ok.test ..x\n");
    let mut options = TransformOptions::new(Network::Legacy { ipv6: false });
    for given in [
        None,
        Some(vec!["two.test".into(), "a..b".into(), ".".into()]),
    ] {
        options.search = given;
        let resolved = transform(&parse(host.as_bytes()), &options);
        let dropped = |warning: &&Warning| matches!(warning, Warning::DroppedDomain(_));
        assert!(
            resolved.warnings().iter().any(|w| dropped(&w)),
            "{resolved:?}"
        );
        let text = String::from_utf8(resolved.render(false)).unwrap();
        let document = parse(text.as_bytes());
        let asked = |reader: &resolvconf::readers::Reader| {
            let queries = document.effective(reader).queries(reader, b"zz");
            queries
                .iter()
                .map(|q| q.name.to_string())
                .collect::<Vec<_>>()
        };
        let first = asked(&resolvconf::readers::GLIBC);
        assert!(first.len() > 1, "{text}");
        for reader in resolvconf::readers::DEFAULT
            .iter()
            .chain([&resolvconf::readers::MUSL_OLD])
        {
            assert_eq!(asked(reader), first, "{}: {text}", reader.name);
        }
    }
}

/// glibc skips one dot before a search domain. The container's file says the same to every reader.
#[test]
fn one_dot_before_a_domain_is_left_out_for_all_readers() {
    let host = parse(b"nameserver 192.0.2.1\nsearch .one.test ok.test .two.test. ..x ..\n");
    let mut options = TransformOptions::default();
    for network in [Network::None, Network::Legacy { ipv6: false }] {
        for given in [None, Some(host.search().map(Into::into).collect())] {
            options.network = network.clone();
            options.search = given;
            let resolved = transform(&host, &options);
            let search: Vec<String> = resolved.search().iter().map(ToString::to_string).collect();
            assert_eq!(search, ["one.test", "ok.test", "two.test."]);
            let warnings = resolved.warnings().iter().map(Warning::as_str);
            let (plain, dropped) = ("plain-domain", "dropped-domain");
            let expected = [plain, plain, dropped, dropped];
            assert_eq!(warnings.collect::<Vec<_>>(), expected);
            let written = parse(&resolved.render(true));
            let asked = |reader| {
                let queries = written.effective(reader).queries(reader, b"zz");
                let names = queries.iter().map(|query| query.name.to_string());
                names.collect::<Vec<_>>()
            };
            let on_host = host.effective(&resolvconf::readers::GLIBC);
            let on_host = on_host.queries(&resolvconf::readers::GLIBC, b"zz");
            for reader in &resolvconf::readers::DEFAULT {
                assert_eq!(asked(reader)[0], on_host[0].name.to_string());
                assert_eq!(asked(reader).len(), 4, "{}", reader.name);
            }
        }
    }
}

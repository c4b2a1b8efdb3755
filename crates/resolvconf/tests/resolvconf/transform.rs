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
    let long = format!("search {} {} c\n", "a".repeat(200), "b".repeat(46));
    check(
        long.as_bytes(),
        Limits::MUSL,
        long.strip_suffix(" c\n")
            .map(|l| l.to_owned() + "\n")
            .unwrap()
            .as_str(),
        &["cut-search"],
    );
    let high = b"options ndots:16 timeout:31 attempts:6 rotate ndots:x\n";
    let lowered = "options ndots:15 timeout:30 attempts:5 rotate ndots:x\n";
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
        ("ndots:+1", "ndots:+1"),
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

use resolvconf::readers;
use resolvconf::{DiagnosticKind, Document, Severity, parse};

#[track_caller]
fn check(text: &[u8], expected: &[(usize, &str)]) {
    let document = parse(text);
    let found = document.diagnostics();
    let found: Vec<_> = found
        .iter()
        .map(|d| (d.line(), d.kind().as_str()))
        .collect();
    assert_eq!(found, expected, "{document:?}");
}

/// With a server on line 1, so that only what is asked for is found.
#[track_caller]
fn check_second(line: &[u8], expected: &[&str]) {
    let text = [b"nameserver 192.0.2.1\n", line].concat();
    let expected: Vec<_> = expected.iter().map(|kind| (2, *kind)).collect();
    check(&text, &expected);
}

#[test]
fn a_sound_file_has_nothing_odd() {
    check(
        b"# made by hand\n\nsearch a.example b.example\nnameserver 192.0.2.1\n\
          nameserver 2001:db8::1\nnameserver fe80::1%eth0\noptions ndots:2 edns0 trust-ad\n\
          sortlist 130.155.160.0/255.255.240.0 130.155.0.0\n",
        &[],
    );
}

#[test]
fn files_without_servers() {
    check(b"", &[(0, "no-nameservers")]);
    check(b"search a\n", &[(0, "no-nameservers")]);
    let missing = Document::missing();
    assert_eq!(missing.diagnostics()[0].kind(), DiagnosticKind::MissingFile);
    assert_eq!(missing.diagnostics().len(), 1);
}

#[test]
fn bytes() {
    check(
        b"\xef\xbb\xbfnameserver 1.1.1.1\n",
        &[(0, "no-nameservers"), (1, "byte-order-mark")],
    );
    check_second(b"search a\r\n", &["carriage-return"]);
    check_second(b"search a\0b\n", &["nul-byte"]);
    check_second(b"search \xff\n", &["invalid-utf8"]);
    check_second(b"search\xc2\xa0a\n", &["odd-blank"]);
    check_second(b"search a\x0bb\n", &["odd-blank"]);
    check_second(b"# \xff\0 in a comment\r\n", &[]);
    check_second(
        &[b"other ", &[b'x'; 300][..]].concat(),
        &["long-line", "unknown-directive"],
    );
}

#[test]
fn directives() {
    check_second(b" search a\n", &["indented-directive"]);
    check_second(b" # a\n", &["indented-comment"]);
    check_second(b"nameservers 1.1.1.1\n", &["unknown-directive"]);
    check_second(b"Search a\n", &["keyword-case"]);
    for directive in ["nameserver", "search", "domain", "options", "sortlist"] {
        check_second(directive.as_bytes(), &["missing-value"]);
    }
}

#[test]
fn nameservers() {
    check_second(b"nameserver nope\n", &["invalid-nameserver"]);
    for word in [
        "1.1.1.1:53",
        "1.1.1.1#53",
        "[2001:db8::1]",
        "[2001:db8::1]:53",
    ] {
        let line = format!("nameserver {word}\n");
        check_second(line.as_bytes(), &["port"]);
    }
    check_second(b"nameserver 1.1.1.1 1.1.1.2\n", &["trailing-address"]);
    check_second(b"nameserver 2001:db8::1%eth0\n", &["zone-on-global"]);
    check_second(b"nameserver 224.0.0.251\n", &["multicast-nameserver"]);
    check_second(b"nameserver 255.255.255.255\n", &["multicast-nameserver"]);
    check_second(b"nameserver 10.1\n", &["short-address"]);
    check_second(b"nameserver fe80::1%\n", &["empty-zone"]);
    check_second(b"nameserver 1.1.1.1,8.8.8.8\n", &["comma"]);
    check_second(b"nameserver 1.1.1.1 # c\n", &["trailing-text"]);
    check_second(b"nameserver 0.0.0.0\n", &["unspecified-nameserver"]);
    check_second(b"nameserver ::\n", &["unspecified-nameserver"]);
    check_second(b"nameserver fe80::1\n", &["zone-missing"]);
    check_second(b"nameserver 192.0.2.1\n", &["duplicate-nameserver"]);
    let four = b"nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n";
    check(four, &[(4, "too-many-nameservers")]);
    assert!(parse(four).diagnostics_for(&[readers::RESOLVED]).is_empty());
}

#[test]
fn search_lists() {
    check_second(b"search a\nsearch b\n", &["search-replaced"]);
    check_second(b"domain a\nsearch b\n", &["search-replaced"]);
    check_second(b"domain a b\n", &["domain-extra-words"]);
    check_second(b"search a # b\n", &["comment-in-value"]);
    check_second(b"search a, b\n", &["comma"]);
    check_second(b"search .\n", &["root-domain"]);
    check_second(b"search a..b\n", &["invalid-search-domain"]);
    let seven = parse(b"nameserver 192.0.2.1\nsearch a b c d e f g\n");
    let of = |readers| seven.diagnostics_for(readers).len();
    assert_eq!((of(&[readers::GLIBC]), of(&[readers::JAVA])), (0, 1));
    let label = [b'x'; 64];
    check_second(
        &[b"search ", &label[..]].concat(),
        &["invalid-search-domain"],
    );
    let long = "search ".to_owned()
        + &"abcdefgh.example "
            .repeat(6)
            .replace("abcdefgh", &"l".repeat(40));
    check_second(long.as_bytes(), &["long-line"]);
}

#[test]
fn options() {
    check_second(b"options ndots:-1\n", &["invalid-option-value"]);
    check_second(b"options ndots\n", &["invalid-option-value"]);
    check_second(b"options ndots:16\n", &["option-above-limit"]);
    check_second(b"options timeout:31\n", &["option-above-limit"]);
    check_second(b"options attempts:6\n", &["option-above-limit"]);
    check_second(b"options ndots:1\noptions ndots:2\n", &["option-replaced"]);
    check_second(b"options ndots:2 ndots:2\n", &["option-replaced"]);
    check_second(b"options retrans:3\n", &["unknown-option"]);
    check_second(
        b"options ndots:1,edns0\n",
        &["comma", "invalid-option-value"],
    );
    check_second(
        b"options edns0, rotated\n",
        &["comma", "option-prefix", "option-prefix"],
    );
    check_second(b"options ndots:3 ndots\n", &["invalid-option-value"]);
    check_second(b"sortlist nope\n", &["invalid-sortlist"]);
    // Behind the tenth network glibc looks no further: what the guard refuses here is harmless.
    let line = [&b"sortlist "[..], &b"192.0.2.0 ".repeat(10), b"\x0b\n"].concat();
    check_second(&line, &["sortlist-hang", "odd-blank"]);
}

#[test]
fn words_are_shown_but_never_whole_megabytes() {
    let text = [b"nameserver ", &vec![b'\x1b'; 1 << 20][..]].concat();
    let document = parse(&text);
    for diagnostic in document.diagnostics() {
        let text = diagnostic.to_string();
        assert!(text.len() < 1000 && !text.contains('\x1b'), "{text}");
    }
}

#[test]
fn kinds_are_ordered_by_weight() {
    assert!(Severity::Note < Severity::Warning && Severity::Warning < Severity::Error);
    assert_eq!(DiagnosticKind::ShortAddress.severity(), Severity::Error);
}

#[test]
fn lines_are_explained() {
    let document = parse(
        b"# c\n\nnameserver 127.0.0.53\nsearch a b\nsearch c d\noptions ndots:2 rotate x\nfoo\n",
    );
    let lines = document.explain();
    let meanings: Vec<&str> = lines.iter().map(|line| &line.meaning[..]).collect();
    assert_eq!(
        meanings,
        [
            "comment",
            "",
            "asks 127.0.0.53 (server 1): systemd-resolved's stub on this host",
            "replaced by line 5, no effect",
            "names are also tried under c, d",
            "ndots:2: a name with at least this many dots is tried as it is first; \
             rotate: spread queries over the nameservers in turn (glibc, go: acts; musl: no effect); \
             x: no effect",
            "not known to resolvers; passed on as it is",
        ]
    );
    assert_eq!(lines[3].diagnostics.len(), 1);
    assert_eq!(parse(b"").explain()[0].line, 0);
}

/// Numbers that leave a reader no attempt or no time: which reader does what. What ends a program
/// is not spelled here; these values are refused by the guard and survived by the readers.
#[test]
fn numbers_that_leave_nothing() {
    let words = |line: &[u8]| -> String {
        let text = [b"nameserver 192.0.2.1\n", line].concat();
        let document = parse(&text);
        let found = document.diagnostics();
        let worst = found.iter().max_by_key(|d| d.kind().severity()).unwrap();
        assert_eq!(worst.kind().severity(), Severity::Error, "{document:?}");
        worst.to_string()
    };
    let timeout = words(b"options timeout:0\n");
    assert_eq!(
        timeout,
        "\"timeout:0\": glibc: 0; musl: 0, nobody is asked; go: 1"
    );
    for value in ["", "x", "-1"] {
        let told = words(format!("options attempts:{value}\n").as_bytes());
        assert!(
            told.contains("glibc: 0, nobody is asked; musl: the default 2; go: 1"),
            "{told}"
        );
    }
    let blank = words(b"options ndots: 3\n");
    assert!(
        blank.contains("glibc: 3; musl: the default 1; go: 0"),
        "{blank}"
    );
    let sign = words(b"options ndots:+3\n");
    assert!(
        sign.contains("glibc: 3; musl: the default 1; go: 0"),
        "{sign}"
    );
}

/// Alpine never searches in a network whose resolver asks for `ndots:0`.
#[test]
fn a_list_that_is_never_used() {
    let document = parse(b"nameserver 127.0.0.11\nsearch one.test\noptions ndots:0\n");
    let found = document.diagnostics();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind(), DiagnosticKind::SearchUnused);
    assert!(found[0].readers().map(|reader| reader.name).eq(["musl"]));
}

/// Of many findings the first are listed, and none is lost from the count: not of any reader.
#[test]
fn many_findings_are_counted() {
    for (piece, kind, severity) in [
        ("x\n", "unknown-directive", Severity::Note),
        ("nameserver x\n", "invalid-nameserver", Severity::Error),
        ("search a..b\n", "search-replaced", Severity::Warning),
        ("options x y\n", "unknown-option", Severity::Note),
    ] {
        let lines = 3000;
        let text = piece.repeat(lines);
        let document = parse(text.as_bytes());
        let found = document.diagnostics();
        let of_kind: Vec<_> = found.iter().filter(|d| d.kind().as_str() == kind).collect();
        assert_eq!(of_kind[0].kind().severity(), severity);
        let per_line = text.matches(['x', 'y']).count().max(lines) / lines;
        let replaced = usize::from(kind == "search-replaced");
        let listed = of_kind.len();
        let more: usize = of_kind.iter().map(|d| d.more()).sum();
        assert_eq!(listed + more, lines * per_line - replaced, "{kind}");
        assert_eq!(listed, 1000, "{kind}");
        let last = of_kind.last().unwrap();
        let words = format!("and {more} more findings of this kind");
        assert!(last.to_string().contains(&words), "{last}");
        assert_eq!(of_kind[0].more(), 0);
    }
}

/// What matters to another reader is listed, however many findings came before.
#[test]
fn a_late_finding_for_another_reader_is_listed() {
    let mut text = "options ndots:16\n".repeat(2000);
    text.push_str("options timeout:40\n");
    let document = parse(text.as_bytes());
    let found = document.diagnostics();
    let mut above = found
        .iter()
        .filter(|d| d.kind() == DiagnosticKind::OptionAboveLimit);
    let last = above.next_back().unwrap();
    assert_eq!(last.line(), 2001);
    let readers: Vec<&str> = last.readers().map(|reader| reader.name).collect();
    assert_eq!(readers, ["glibc"]);
}

/// After so many findings the words of lines are only counted, but not those that may matter.
#[test]
fn a_directive_in_other_case_is_found_after_many_lines_and_any_blank() {
    for blank in ["", " ", "\t", "\x0b", "\x0c"] {
        let text = format!("{}{blank}NAMESERVER 192.0.2.1\n", "x\n".repeat(1000));
        let document = parse(text.as_bytes());
        let found = document.diagnostics();
        let is_told = |d: &&resolvconf::Diagnostic| d.kind().as_str() == "keyword-case";
        assert_eq!(found.iter().filter(is_told).count(), 1, "{blank:?}");
    }
}

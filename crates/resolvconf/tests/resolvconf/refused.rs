//! Option values that no container gets, and options that change what is asked.

use resolvconf::readers::{ALL, Trouble};
use resolvconf::{TransformOptions, parse, transform};

use crate::transform::plain;

/// A refused value is as if it were not there: the sound one before or after it counts.
#[test]
fn a_refused_value_replaces_no_sound_one() {
    for name in ["ndots", "timeout", "attempts"] {
        for refused in ["x", "", "-1", "99999999999"] {
            for between in ["\noptions ", " ", "\noptions rotate\noptions "] {
                let (sound, refused) = (format!("{name}:3"), format!("{name}:{refused}"));
                for pair in [[&sound, &refused], [&refused, &sound]] {
                    let host = format!("options {}{between}{}\n", pair[0], pair[1]);
                    let (text, warnings) = plain(host.as_bytes(), &TransformOptions::default());
                    assert!(text.contains(&sound), "{host}: {text}");
                    assert!(!text.contains(&format!("{refused} ")), "{host}: {text}");
                    assert_eq!(warnings, ["dropped-option"], "{host}");
                }
            }
        }
    }
}

/// The reason says that nobody is asked only where a reader asks nobody.
#[test]
fn the_reason_of_a_refused_value_is_true() {
    for name in ["ndots", "timeout", "attempts"] {
        for value in ["", "x", "-1", "0", "2x", "99999999999", "4294967296"] {
            let host = format!("nameserver 192.0.2.1\noptions {name}:{value}\n");
            let document = parse(host.as_bytes());
            let resolved = transform(&document, &TransformOptions::default());
            let Some(warning) = resolved.warnings().first() else {
                continue;
            };
            let nobody = |reader| {
                let trouble = document.effective(reader).trouble;
                matches!(trouble, Some(Trouble::AsksNobody(_)))
            };
            let said = warning.to_string().contains("ask nobody");
            assert_eq!(said, ALL.iter().any(nobody), "{host}: {warning}");
            assert!(!said || name != "ndots", "{warning}");
            if warning.to_string().contains("the same value") {
                let taken = |reader| {
                    let effective = document.effective(reader);
                    (effective.ndots, effective.timeout, effective.attempts)
                };
                let first = taken(&ALL[0]);
                assert!(ALL.iter().any(|reader| taken(reader) != first), "{host}");
            }
        }
    }
}

/// c-ares has names of its own for the time and the attempts. What is said of them is what each
/// version does.
#[test]
fn the_names_of_c_ares_are_known_to_it() {
    use resolvconf::DiagnosticKind;
    use resolvconf::readers::{C_ARES, C_ARES_OLD, GLIBC, NODE};
    let readers = [C_ARES, C_ARES_OLD, NODE, GLIBC];
    for (option, attempts, milliseconds) in [
        ("retry:1", [1, 1, 4, 2], [2000, 5000, 2000, 5000]),
        ("retry:0", [3, 1, 4, 2], [2000, 5000, 2000, 5000]),
        ("retry:", [3, 1, 4, 2], [2000, 5000, 2000, 5000]),
        ("attempts:1", [1, 4, 4, 1], [2000, 5000, 2000, 5000]),
        ("retrans:1", [3, 4, 4, 2], [1000, 1, 1000, 5000]),
        ("retrans:0", [3, 4, 4, 2], [2000, 0, 2000, 5000]),
    ] {
        let host = format!("nameserver 192.0.2.1\noptions {option}\n");
        let document = parse(host.as_bytes());
        let taken: Vec<_> = readers.iter().map(|r| document.effective(r)).collect();
        let number = |at: usize| (taken[at].attempts, taken[at].timeout.as_millis());
        for at in 0..4 {
            let expected = (attempts[at], milliseconds[at]);
            assert_eq!(number(at), expected, "{option}: {}", readers[at].name);
        }
        let found = document.diagnostics_on(&readers, &resolvconf::readers::Context::new());
        let unknown = found
            .iter()
            .filter(|d| d.kind() == DiagnosticKind::UnknownOption);
        let unknown: Vec<_> = unknown.flat_map(|d| d.readers()).map(|r| r.name).collect();
        let expected: &[&str] = match option.split_once(':') {
            Some(("retry", _)) => &["node", "glibc"],
            Some(("retrans", _)) => &["glibc"],
            _ => &[],
        };
        assert_eq!(unknown, expected, "{option}");
    }
}

/// c-ares 1.18 waits for no answer then. That is an error, and no container gets it.
#[test]
fn a_time_of_zero_for_c_ares_is_an_error_and_never_written() {
    use resolvconf::Severity;
    for option in ["retrans:0", "retrans:", "retrans:x"] {
        let host = format!("nameserver 192.0.2.1\noptions {option}\n");
        let document = parse(host.as_bytes());
        let found = document.diagnostics_on(&ALL, &resolvconf::readers::Context::new());
        let error = |d: &&resolvconf::Diagnostic<'_>| d.kind().severity() == Severity::Error;
        let told = found.iter().find(error).map(ToString::to_string);
        assert!(
            told.is_some_and(|told| told.contains("no answer")),
            "{found:?}"
        );
        let mut options = TransformOptions::default();
        options.add_options = vec![option.into()];
        let resolved = transform(&document, &options);
        assert_eq!(resolved.render(false), b"nameserver 192.0.2.1\n");
        assert_eq!(resolved.warnings().len(), 2);
        assert!(
            resolved.warnings()[0]
                .to_string()
                .contains("wait for no answer")
        );
    }
    let (text, _) = plain(
        b"options retrans:7\noptions retry:2 retrans:9\n",
        &TransformOptions::default(),
    );
    assert_eq!(text, "options retrans:7 retry:2 retrans:9\n");
}

/// Seen with glibc 2.36: the option keeps a name without a dot from being asked for as it is, if
/// there is a search list and the name has fewer dots than `ndots`.
#[test]
fn a_name_without_a_dot_stays_in_the_list_with_no_tld_query() {
    use resolvconf::readers::{Context, GLIBC, MUSL};
    let list = "search one.test two.test\n";
    for option in ["no-tld-query", "no_tld_query", "no-tld-queryx"] {
        for (search, more, name, expected) in [
            (list, "", "zz", &["zz.one.test", "zz.two.test"][..]),
            (list, "", "zz.", &["zz"]),
            (
                list,
                "",
                "a.zz",
                &["a.zz", "a.zz.one.test", "a.zz.two.test"],
            ),
            (
                list,
                " ndots:2",
                "a.zz",
                &["a.zz.one.test", "a.zz.two.test", "a.zz"],
            ),
            (
                list,
                " ndots:0",
                "zz",
                &["zz", "zz.one.test", "zz.two.test"],
            ),
            ("search one.test .\n", "", "zz", &["zz.one.test", "zz"]),
            ("", "", "zz", &["zz"]),
        ] {
            let host = format!("nameserver 192.0.2.1\n{search}options {option}{more}\n");
            let document = parse(host.as_bytes());
            let asked = |reader| {
                let effective = document.effective_on(reader, &Context::new());
                let queries = effective.queries(reader, name.as_bytes());
                let names = queries.iter().map(|query| query.name.to_string());
                names.collect::<Vec<_>>()
            };
            assert_eq!(asked(&GLIBC), expected, "{host}{name}");
        }
        let host = format!("nameserver 192.0.2.1\n{list}options {option}\n");
        let document = parse(host.as_bytes());
        let queries = document.effective(&MUSL).queries(&MUSL, b"zz");
        assert_eq!(queries.last().unwrap().name, "zz");
    }
}

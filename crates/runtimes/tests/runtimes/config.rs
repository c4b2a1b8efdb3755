//! Reading daemon.json: everything wrong in one answer, and no input that breaks it.

use runtimes::{Checked, Config, Runtimes, TableOptions};

/// Runtime and kind of each problem.
fn problems(text: &str) -> Vec<(Option<String>, &'static str)> {
    let inspected = Config::inspect(text.as_bytes());
    let whole = Config::parse(text.as_bytes());
    assert_eq!(whole.is_err(), !inspected.problems.is_empty(), "{text}");
    inspected
        .problems
        .into_iter()
        .map(|p| (p.runtime.map(|name| name.to_string()), p.kind.as_str()))
        .collect()
}

#[track_caller]
pub(crate) fn check(text: &str, want: &[(&str, &str)]) {
    let got = problems(text);
    let want: Vec<_> = want
        .iter()
        .map(|(name, kind)| (Some((*name).to_owned()).filter(|n| n != "-"), *kind))
        .collect();
    assert_eq!(got, want, "{text}");
}

#[test]
fn what_is_made_by_hand_passes_every_rule() {
    let of = |default: &str| {
        let mut config = Config::default();
        config.default_runtime = Some(default.to_owned());
        config
    };
    let checked = Checked::try_from(of("io.containerd.kata.v2")).unwrap();
    assert_eq!(*checked.config(), of("io.containerd.kata.v2"));
    let problems = Checked::try_from(of("nowhere")).unwrap_err();
    assert_eq!(
        problems.to_string(),
        of("nowhere").check().unwrap_err().to_string()
    );
}

#[test]
fn options_of_a_reserved_name_are_not_looked_at() {
    let entry = r#"{"runtimeType": "io.containerd.runc.v2", "options": {"SystemdCgroup": "yes"}}"#;
    let of = |name: &str| format!(r#"{{"runtimes": {{"{name}": {entry}}}}}"#);
    check(&of("mine"), &[("mine", "bad-options")]);
    check(&of("runc"), &[("runc", "reserved-name")]);
}

#[test]
fn sound_files() {
    for text in [
        "",
        " \n",
        "{}",
        "null_is_not_one",
        r#"{"runtimes": null, "default-runtime": null}"#,
        r#"{"runtimes": {}, "default-runtime": ""}"#,
        r#"{"runtimes": {"a": {"path": "x"}}, "default-runtime": "a"}"#,
        r#"{"runtimes": {"a": {"path": "x", "runtimeArgs": [], "options": {}, "runtimeType": ""}}}"#,
        r#"{"runtimes": {"a": {"Path": "x", "RUNTIMEARGS": ["y"]}}}"#,
        r#"{"default-runtime": "io.containerd.kata.v2"}"#,
        r#"{"runtimes": {"RunC": {"path": "/bin/true"}}}"#,
        r#"{"debug": true, "log-opts": {"a": ["b"]}}"#,
    ] {
        if text == "null_is_not_one" {
            check("null", &[("-", "parse")]);
        } else {
            check(text, &[]);
        }
    }
}

#[test]
fn every_rule_and_all_at_once() {
    check(
        r#"{"default-runtime": "zzz", "runtimes": {
            "h": {"runtimeType": "io.containerd.runc.v2", "options": {"IoUid": "x", "Root": 5}},
            "runc": {}, "io.containerd.runc.v2": {"path": "/x"}, "": {"path": "/x"},
            "a": {}, "b": {"path": "/x", "runtimeType": "t", "options": {"a": 1}},
            "c": {"path": "/x", "options": {"a": 1}},
            "d": {"runtimeType": "a.b", "runtimeArgs": ["x"]},
            "e": {"runtimeArgs": ["x"]}, "f": {"options": {"a": 1}}}}"#,
        &[
            ("", "reserved-name"),
            ("a", "needs-path-or-type"),
            ("b", "path-and-type"),
            ("c", "options-with-path"),
            ("d", "args-with-type"),
            ("e", "needs-path-or-type"),
            ("f", "needs-path-or-type"),
            ("h", "bad-options"),
            ("h", "bad-options"),
            ("io.containerd.runc.v2", "reserved-name"),
            ("runc", "reserved-name"),
            ("zzz", "unknown-default"),
        ],
    );
}

#[test]
fn wrong_types_cost_one_member() {
    check("[]", &[("-", "parse")]);
    check("5", &[("-", "parse")]);
    check(r#"{"runtimes": []}"#, &[("-", "parse")]);
    check(
        r#"{"runtimes": "x", "default-runtime": 5}"#,
        &[("-", "parse"), ("-", "parse")],
    );
    check(
        r#"{"default-runtime": "a", "runtimes": {"a": 5, "b": {"path": []}, "c": null,
            "d": {"path": "/x", "runtimeArgs": "y"}, "e": {"path": "/x", "runtimeArgs": ["y", null, 5]},
            "f": {"runtimeType": {}, "options": []}, "g": {"runtimeType": "a.b", "options": 5},
            "h": {"path": "/x"}}}"#,
        &[
            ("a", "parse"),
            ("b", "parse"),
            ("c", "needs-path-or-type"),
            ("d", "parse"),
            ("e", "parse"),
            ("e", "parse"),
            ("f", "parse"),
            ("f", "bad-options"),
            ("g", "bad-options"),
        ],
    );
}

#[test]
fn text_that_is_not_json() {
    for text in [
        "{",
        "{} x",
        "{'a': 1}",
        r#"{"a": 1,}"#,
        r#"{"a": "\ud800"}"#,
        "{\"a\": 1e999}",
    ] {
        check(text, &[("-", "parse")]);
    }
    for bytes in [&b"\xff\xff"[..], b"{\"a\": \"\xff\"}", b"\xff\xfe{", b"\0"] {
        assert_eq!(
            Config::parse(bytes).unwrap_err().iter().len(),
            1,
            "{bytes:?}"
        );
    }
    let message = Config::parse(b"{\n  \"a\": }").unwrap_err().to_string();
    assert!(message.contains("line 2"), "{message}");
}

#[test]
fn byte_order_marks() {
    let text = r#"{"runtimes": {"é": {"path": "/x"}}}"#;
    let utf8 = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let little: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let big: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    for bytes in [utf8, little, big] {
        let parsed = Config::parse(&bytes).unwrap();
        assert!(parsed.config.config().runtimes.contains_key("é"));
    }
}

#[test]
fn odd_names_are_no_problem() {
    let long = "n".repeat(300);
    for name in [
        "..",
        ".",
        "a/b",
        "/etc/passwd",
        "a\\nb",
        "a\\u0000b",
        "é",
        " ",
        "-",
        &long,
    ] {
        let text =
            format!(r#"{{"runtimes": {{"{name}": {{"path": "/x", "runtimeArgs": ["y"]}}}}}}"#);
        check(&text, &[]);
        let config = Config::parse(text.as_bytes()).unwrap().config;
        let table = Runtimes::build(&config, &TableOptions::new("/s"));
        let row = table.iter().find(|row| !row.stock).unwrap();
        assert_eq!(
            row.script.as_ref().unwrap().parent().unwrap().to_str(),
            Some("/s")
        );
    }
}

#[test]
fn nul_bytes_are_refused_where_they_cannot_be_passed_on() {
    check(
        r#"{"runtimes": {"a": {"path": "/x\u0000"}, "b": {"path": "/x", "runtimeArgs": ["\u0000"]},
            "c": {"runtimeType": "a.\u0000"},
            "d": {"runtimeType": "a.b", "options": {"ConfigPath": "\u0000"}}}}"#,
        &[
            ("a", "parse"),
            ("b", "parse"),
            ("c", "parse"),
            ("d", "bad-options"),
        ],
    );
}

#[test]
fn many_and_deep() {
    let entries: Vec<String> = (0..10_000).map(|n| format!(r#""r{n:05}": {{}}"#)).collect();
    let found = problems(&format!(r#"{{"runtimes": {{{}}}}}"#, entries.join(",")));
    assert_eq!(found.len(), 10_000);
    assert!(found.is_sorted());

    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    check(&format!(r#"{{"other": {deep}}}"#), &[]);
    check(
        &format!(r#"{{"runtimes": {{"a": {{"path": {deep}}}}}}}"#),
        &[("a", "parse")],
    );
    let options =
        format!(r#"{{"runtimeType": "io.containerd.runc.v2", "options": {{"Root": {deep}}}}}"#);
    check(
        &format!(r#"{{"runtimes": {{"a": {options}}}}}"#),
        &[("a", "bad-options")],
    );
}

#[test]
fn messages_are_one_line_with_the_name() {
    let problems = Config::parse(br#"{"runtimes": {"a\nb\u001b[31m": {}}}"#).unwrap_err();
    let message = problems.to_string();
    assert!(message.contains(r#""a\nb\u{1b}[31m""#), "{message}");
}

/// The loop of the README: what it starts a daemon with must be what the file says.
#[test]
fn a_file_with_a_problem_gives_no_configuration() {
    for text in [
        // A trailing comma: the whole table was lost, without a word that was an error.
        "{\"runtimes\": {\"a\": {\"path\": \"/a\"},}}",
        // Arguments as one string: the runtime was started without them.
        r#"{"runtimes": {"a": {"path": "/a", "runtimeArgs": "--debug"}}}"#,
        // Two equal keys: the last one was taken.
        r#"{"runtimes": {"a": {"path": "/a"}, "a": {"path": "/b"}}}"#,
        r#"{"runtimes": {"a": {"path": "/a", "path": "/b"}}}"#,
        r#"{"runtimes": {"a": {"path": "/a"}}, "runtimes": {}}"#,
        // One entry of two is wrong: half a table is not a table.
        r#"{"runtimes": {"a": {"path": "/a"}, "b": {}}}"#,
    ] {
        let problems = Config::parse(text.as_bytes()).unwrap_err();
        assert_eq!(problems.iter().len(), 1, "{text}: {problems}");
    }
}

//! Keys of daemon.json: repeated, misspelt, without effect.

use runtimes::Config;

use crate::config::check;

#[test]
fn repeated_keys_are_seen_at_every_level() {
    check(
        r#"{"runtimes": {"a": {"path": "/x"}, "a": {"path": "/y"}, "a": {"path": "/z"}}}"#,
        &[("a", "duplicate")],
    );
    check(
        r#"{"runtimes": {"a": {"path": "/x"}}, "runtimes": {"b": {"path": "/x"}}}"#,
        &[("-", "duplicate")],
    );
    check(
        r#"{"runtimes": {"a": {"path": "/x"}}, "runtimes": {"a": {"path": "/x"}}}"#,
        &[("-", "duplicate"), ("a", "duplicate")],
    );
    check(
        r#"{"default-runtime": "runc", "default-runtime": "runc"}"#,
        &[("-", "duplicate")],
    );
    check(
        r#"{"runtimes": {"a": {"path": "/x", "path": "/x"}}}"#,
        &[("a", "duplicate")],
    );
    check(
        r#"{"runtimes": {"a": {"path": "/x", "Path": "/y"}}}"#,
        &[("a", "duplicate")],
    );
    for options in [r#""IoUid": 1, "IoUid": 1"#, r#""IoUid": 1, "io_uid": 1"#] {
        let entry =
            format!(r#"{{"runtimeType": "io.containerd.runc.v2", "options": {{{options}}}}}"#);
        check(
            &format!(r#"{{"runtimes": {{"a": {entry}}}}}"#),
            &[("a", "duplicate")],
        );
    }
}

#[test]
fn keys_without_effect_are_told_and_the_others_kept() {
    let parsed = Config::parse(
        br#"{"debug": true, "mine": [1], "runtimes": {"a": {"path": "/x", "runtimeArg": ["y"]},
             "b": {"runtimeType": "io.containerd.runc.v2", "options": {"Nope": 1, "IoUid": 7}}}}"#,
    )
    .unwrap();
    let keys: Vec<_> = parsed
        .unknown
        .iter()
        .map(|u| (u.runtime.as_deref(), u.key.as_str(), u.nearest))
        .collect();
    assert_eq!(
        keys,
        [
            (None, "mine", None),
            (Some("a"), "runtimeArg", Some("runtimeArgs")),
            (Some("b"), "options.Nope", None),
        ]
    );
    let others: Vec<_> = parsed
        .others
        .iter()
        .map(|(key, value)| (key.as_str(), value.to_json()))
        .collect();
    assert_eq!(
        others,
        [("debug", "true".to_owned()), ("mine", "[1]".to_owned())]
    );
}

#[test]
fn misspelt_keys_are_no_silent_default() {
    for (text, meant) in [
        (r#"{"default_runtime": "x"}"#, "default-runtime"),
        (r#"{"runtime": {"x": {"path": "/x"}}}"#, "runtimes"),
        (r#"{"Runtimes": {"x": {"path": "/x"}}}"#, "runtimes"),
        (r#"{"add-runtime": {"x": {"path": "/x"}}}"#, "runtimes"),
        (r#"{"live_restore": true}"#, "live-restore"),
    ] {
        check(text, &[("-", "misspelt-key")]);
        let told = Config::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(told.contains(&format!("{meant:?}")), "{told}");
    }
    let parsed = Config::parse(br#"{"defualt-runtime": "x"}"#).unwrap();
    assert_eq!(parsed.unknown[0].nearest, Some("default-runtime"));
}

#[test]
fn repeated_keys_of_others_are_seen_at_any_depth() {
    check(
        r#"{"data-root": "/a", "data-root": "/b"}"#,
        &[("-", "duplicate")],
    );
    check(
        r#"{"log-opts": {"a": {"b": [{"c": 1, "c": 2}]}}}"#,
        &[("-", "duplicate")],
    );
    check(
        r#"{"runtimes": {"a": {"runtimeType": "a.b", "options": {"x": {"c": 1, "c": 2}}}}}"#,
        &[("a", "duplicate")],
    );
    let problems = Config::parse(br#"{"log-opts": {"a": [{"c": 1, "c": 2}]}}"#).unwrap_err();
    let told = problems.to_string();
    assert!(
        told.contains(r#""log-opts.a[0].c" appears more than once"#),
        "{told}"
    );
}

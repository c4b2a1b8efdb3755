//! The options of shim entries.

use runtimes::{Config, OptionValue, RuntimeEntry, Runtimes, TableOptions, Value};

/// The options a shim entry comes to, as `name=value`.
fn options(shim: &str, json: &str) -> Result<Vec<String>, Vec<String>> {
    let text =
        format!(r#"{{"runtimes": {{"a": {{"runtimeType": "{shim}", "options": {json}}}}}}}"#);
    let parsed = Config::parse(text.as_bytes()).map_err(|problems| {
        let kinds = problems
            .iter()
            .map(|problem| problem.kind.as_str().to_owned());
        kinds.collect::<Vec<_>>()
    })?;
    let table = Runtimes::build(&parsed.config, &TableOptions::new("/s"));
    let options = table.lookup("a").unwrap().options.clone();
    let member = |(name, value): &(&str, OptionValue<'_>)| match value {
        OptionValue::Bool(flag) => format!("{name}={flag}"),
        OptionValue::Number(number) => format!("{name}={number}"),
        OptionValue::Text(text) => format!("{name}={}", text.to_str().unwrap()),
        other => format!("{name}={other:?}"),
    };
    Ok(options
        .iter()
        .flat_map(|o| o.members())
        .map(|m| member(&m))
        .collect())
}

#[test]
fn options_in_any_spelling() {
    let runc = "io.containerd.runc.v2";
    for json in [
        r#"{"IoUid": 42}"#,
        r#"{"ioUid": 42}"#,
        r#"{"IOUID": 42.0}"#,
        r#"{"io_uid": 42}"#,
    ] {
        assert_eq!(
            options(runc, json),
            Ok(vec!["io_uid=42".to_owned()]),
            "{json}"
        );
    }
    let all = r#"{"NoPivotRoot": true, "NoNewKeyring": false, "ShimCgroup": "/c", "IoUid": 0,
        "IoGid": 4294967295, "BinaryName": "crun", "Root": "/r", "SystemdCgroup": true,
        "CriuImagePath": "/i", "CriuWorkPath": "/w", "TaskApiAddress": "unix:x", "TaskApiVersion": 3}"#;
    assert_eq!(options(runc, all).unwrap().len(), 12);
    assert_eq!(options(runc, r#"{"IoUid": null}"#), Ok(vec![]));
    assert_eq!(options(runc, r#"{"Nope": 1}"#), Ok(vec![]));
    for bad in ["-1", "4294967296", "1.5", "true", "\"1\"", "[]", "1e300"] {
        let json = format!(r#"{{"IoUid": {bad}}}"#);
        assert_eq!(
            options(runc, &json),
            Err(vec!["bad-options".to_owned()]),
            "{bad}"
        );
    }
    for bad in ["1", "\"true\"", "[]"] {
        let json = format!(r#"{{"SystemdCgroup": {bad}}}"#);
        assert_eq!(
            options(runc, &json),
            Err(vec!["bad-options".to_owned()]),
            "{bad}"
        );
    }
}

#[test]
fn options_of_other_shims_are_generic() {
    let json = r#"{"TypeUrl": "u", "configpath": "/p", "ConfigBody": [65, 255], "IoUid": "any"}"#;
    let got = options("io.containerd.runsc.v1", json).unwrap();
    assert_eq!(
        got,
        [
            "type_url=u",
            "config_path=/p",
            "config_body=Bytes([65, 255])"
        ]
    );
    let text = options("/path/to/shim", r#"{"ConfigBody": "A"}"#).unwrap();
    assert_eq!(text, ["config_body=Bytes([65])"]);
    for bad in [
        r#"{"TypeUrl": 1}"#,
        r#"{"ConfigBody": [256]}"#,
        r#"{"ConfigPath": {}}"#,
    ] {
        assert!(options("io.containerd.runsc.v1", bad).is_err(), "{bad}");
    }
}

#[test]
fn values_made_by_hand_are_checked_too() {
    let mut config = Config::default();
    config.default_runtime = Some("/usr/bin/runc".to_owned());
    config
        .runtimes
        .insert("a".to_owned(), RuntimeEntry::default());
    let mut bad = RuntimeEntry::shim("io.containerd.runc.v2");
    bad.options.insert("Root".to_owned(), Value::Bool(true));
    config.runtimes.insert("b".to_owned(), bad);
    let problems = config.check().unwrap_err();
    let kinds: Vec<_> = problems.iter().map(|p| p.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["unknown-default", "needs-path-or-type", "bad-options"]
    );
}

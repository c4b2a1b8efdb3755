//! The JSON of `runtimes` and `rro`, member by member.

use std::fs;

use serde_json::json;

use crate::command::run;
use crate::contract::has;

#[test]
fn rro_has_both_halves() {
    // A file of its own: a dockerd of the machine may have any.
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    fs::write(&config, "{}").unwrap();
    let config = config.to_str().unwrap();
    let rro = |more: &[&str]| run(&[&["rro", "--json", "--config", config], more].concat());
    let value = rro(&[]).json();
    has(&value["kernel"], &["verdict", "detail"]);
    has(&value["runtimes"][0], &["name", "verdict", "reason"]);
    let kata = ["--runtime", "io.containerd.kata.v2"];
    let value = rro(&kata).expect(1).json();
    assert_eq!(value["runtimes"][0]["verdict"], "unknown");
    assert_eq!(value["runtimes"][0]["plain_ro"], "unknown");
    // The effect agrees with the answer.
    let value = rro(&[]).json();
    let proved = rro(&["--prove"]).json();
    assert_eq!(value["kernel"], proved["kernel"]);
}

#[test]
fn rro_says_what_to_do_about_a_runtime_without_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let document =
        r#"{"ociVersionMin": "1.0.0", "ociVersionMax": "1.1.0", "mountOptions": ["ro"]}"#;
    let (dir, config, _) = runtimes("{}");
    let program = dir.path().join("old-runtime");
    fs::write(&program, format!("#!/bin/sh\necho '{document}'\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let text = json!({"runtimes": {"old": {"path": program}}}).to_string();
    fs::write(&config, text).unwrap();
    let ran = run(&["rro", "--config", &config, "--runtime", "old"]).expect(1);
    assert!(
        ran.stdout
            .contains("to do: use a runtime with the mount option rro"),
        "{}",
        ran.stdout
    );
}

/// Half a table is shown, and said to be one.
#[test]
fn rro_says_what_is_wrong_with_the_configuration() {
    for (text, word) in [
        (
            r#"{"data-root": "/a", "data-root": "/b"}"#,
            "more than once",
        ),
        (r#"{"default_runtime": "x"}"#, "default_runtime"),
        (
            r#"{"runtimes": {"x": {"path": "/bin/true"},}}"#,
            "trailing comma",
        ),
    ] {
        let (_dir, config, _) = runtimes(text);
        let ran = run(&["rro", "--config", &config]).expect(1);
        assert!(ran.stdout.contains("problem: "), "{}", ran.stdout);
        assert!(ran.stdout.contains(word), "{}", ran.stdout);
        let value = run(&["rro", "--json", "--config", &config])
            .expect(1)
            .json();
        let message = value["problems"][0]["message"].as_str().unwrap();
        assert!(message.contains(word), "{value}");
    }
}

/// A runtime whose entry is refused is there all the same.
#[test]
fn rro_of_a_runtime_with_a_problem_says_the_problem() {
    let (_dir, config, _) =
        runtimes(r#"{"runtimes": {"x": {"path": "/a", "runtimeType": "t.v1"}}}"#);
    let ran = run(&["rro", "--config", &config, "--runtime", "x"]).expect(2);
    assert!(ran.stderr.contains("runtime \"x\""), "{}", ran.stderr);
    assert!(!ran.stderr.contains("unknown"), "{}", ran.stderr);
}

/// A configuration file and a script directory.
fn runtimes(text: &str) -> (tempfile::TempDir, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    fs::write(&config, text).unwrap();
    let state = dir.path().join("state").to_str().unwrap().to_owned();
    let config = config.to_str().unwrap().to_owned();
    (dir, config, state)
}

#[test]
fn runtimes_check_says_everything_at_once_and_writes_nothing() {
    let text = r#"{"runtimes": {"b": {}, "a": {"path": "/x", "runtimeType": "t.v1"},
                  "runc": {"path": "/y"}, "ok": {"path": "/bin/true", "runtimeArgs": ["x"]}},
                  "default-runtime": "nowhere"}"#;
    let (_dir, config, state) = runtimes(text);
    let args = [
        "runtimes", "check", "--json", "--config", &config, "--state", &state,
    ];
    let value = run(&args).expect(1).json();
    let kinds: Vec<_> = value["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["kind"])
        .collect();
    let wanted = [
        "path-and-type",
        "needs-path-or-type",
        "unknown-default",
        "reserved-name",
    ];
    assert_eq!(kinds, wanted);
    assert!(fs::metadata(&state).is_err(), "check writes nothing");
    has(
        &value["runtimes"][0],
        &["name", "kind", "shim", "binary", "script"],
    );
}

#[test]
fn runtimes_resolve_publishes_what_it_answers_with() {
    let text = r#"{"runtimes": {"w": {"path": "/bin/echo", "runtimeArgs": ["a b", ""]}}}"#;
    let (_dir, config, state) = runtimes(text);
    let resolve = |name: &str| {
        run(&[
            "runtimes", "resolve", name, "--json", "--config", &config, "--state", &state,
        ])
    };
    let value = resolve("w").expect(0).json();
    let script = value["script"].as_str().unwrap();
    let said = std::process::Command::new(script)
        .args(["*", "$x"])
        .output()
        .unwrap();
    assert_eq!(said.stdout, b"a b  * $x\n");
    assert_eq!(value["options"]["binary_name"], script);
    assert_eq!(value["shim"], "io.containerd.runc.v2");

    assert_eq!(resolve("").expect(0).json()["name"], "runc");
    let value = resolve("a/b").expect(1).json();
    assert_eq!(value["error"]["kind"], "unknown-runtime");
    let args = [
        "runtimes",
        "gc",
        "--dry-run",
        "--json",
        "--config",
        &config,
        "--state",
        &state,
    ];
    let verdicts = run(&args).expect(0).json();
    assert_eq!(verdicts["verdicts"][0]["remove"], false);
}

/// A start takes an empty file for all defaults, as dockerd does. A reload refuses it. So a check
/// says both.
#[test]
fn an_empty_file_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let config = temp.path().join("daemon.json");
    for (text, is_empty) in [("", true), (" \n", true), ("\u{feff}", true), ("{}", false)] {
        fs::write(&config, text).unwrap();
        let args = [
            "runtimes",
            "check",
            "--config-only",
            "--config",
            config.to_str().unwrap(),
        ];
        let said = run(&args).expect(0).stdout;
        assert_eq!(
            said.contains("the file is empty: a start"),
            is_empty,
            "{text:?}: {said}"
        );
        let json = run(&[&args[..], &["--json"]].concat()).expect(0).json();
        assert_eq!(json["config_is_empty"], is_empty, "{text:?}");
    }
}

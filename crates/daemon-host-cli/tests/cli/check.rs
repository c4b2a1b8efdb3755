//! `runtimes check` on files that somebody wrote in a hurry, or to do harm.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Ran, run};

fn check(config: &Path, further: &[&str]) -> Ran {
    let config = config.to_str().unwrap();
    run(&[&["runtimes", "check", "--config", config], further].concat())
}

#[test]
fn says_which_keys_have_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let text = r#"{"debug": true, "runtimes": {"a": {"path": "/x", "runtimeArg": ["y"]},
        "b": {"runtimeType": "io.containerd.runc.v2", "options": {"Nope": 1}}}}"#;
    fs::write(&config, text).unwrap();
    let answer = check(&config, &["--json"]).expect(0).json();
    let unknown = json!([
        { "runtime": "a", "key": "runtimeArg" },
        { "runtime": "b", "key": "options.Nope" },
    ]);
    assert_eq!(answer["unknown"], unknown);
    let text = check(&config, &[]).expect(0).stdout;
    assert!(text.contains(r#""runtimeArg" has no effect"#), "{text}");
    assert!(!text.contains("debug"), "{text}");
}

#[test]
fn an_endless_file_ends() {
    let ran = check(Path::new("/dev/zero"), &[]).expect(2);
    assert!(ran.stderr.contains("not a regular file"), "{}", ran.stderr);
    let dir = tempfile::tempdir().unwrap();
    let sparse = dir.path().join("sparse");
    fs::File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
    let ran = check(&sparse, &[]).expect(2);
    assert!(ran.stderr.contains("longer than"), "{}", ran.stderr);
    let fifo = dir.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let ran = check(&fifo, &[]).expect(2);
    assert!(ran.stderr.contains("is a FIFO"), "{}", ran.stderr);
}

#[test]
fn what_the_shell_pipes_in_is_read() {
    let text = br#"{"runtimes": {"a": {}}}"#;
    let args = ["runtimes", "check", "--config", "/dev/stdin"];
    let ran = crate::command::run_with(&args, text).expect(1);
    assert!(ran.stdout.contains('a'), "{}", ran.stdout);
}

#[test]
fn every_problem_of_ten_thousand_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let entries: serde_json::Map<_, _> = (0..10_000)
        .map(|n| {
            (
                format!("r{n:05}"),
                Value::Object(serde_json::Map::default()),
            )
        })
        .collect();
    fs::write(&config, json!({ "runtimes": entries }).to_string()).unwrap();
    let state = dir.path().join("scripts").display().to_string();
    let answer = check(&config, &["--json", "--state", &state])
        .expect(1)
        .json();
    let problems = answer["problems"].as_array().unwrap();
    let names: Vec<_> = problems
        .iter()
        .map(|problem| problem["runtime"].as_str())
        .collect();
    assert_eq!(names.len(), 10_000);
    assert!(names.is_sorted());
    assert_eq!(dir.path().read_dir().unwrap().count(), 1);
}

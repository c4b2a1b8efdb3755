//! Every member that the command prints stands in its part of `docs/json.md`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::command::{run, run_with};

/// Objects whose members are names from the host, not ours.
const OPEN: [&str; 2] = ["by_type", "options"];

fn members(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| members(item, into)),
        Value::Object(object) => {
            for (name, value) in object {
                into.insert(name.clone());
                if !OPEN.contains(&name.as_str()) {
                    members(value, into);
                }
            }
        }
        _ => {}
    }
}

/// The part of the document under the heading that holds these words.
fn part(heading: &str) -> String {
    let document = include_str!("../../../../docs/json.md");
    let mut parts = document.split("\n## ");
    let found = parts.find(|part| {
        part.lines()
            .next()
            .is_some_and(|line| line.contains(heading))
    });
    found
        .unwrap_or_else(|| panic!("{heading} is no heading"))
        .to_owned()
}

#[track_caller]
fn documented(heading: &str, output: &str) {
    let mut found = BTreeSet::new();
    for value in serde_json::Deserializer::from_str(output).into_iter::<Value>() {
        members(&value.unwrap(), &mut found);
    }
    assert!(!found.is_empty(), "{heading}: no members in {output}");
    let part = part(heading);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: BTreeSet<&str> = part.split(|c| !is_word(c)).collect();
    let unsaid: Vec<_> = found
        .iter()
        .filter(|name| !words.contains(name.as_str()))
        .collect();
    assert!(
        unsaid.is_empty(),
        "docs/json.md, {heading}: nothing is said of {unsaid:?}"
    );
}

#[test]
fn whatever_is_printed_is_documented() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (root, config, state) = (path(""), path("daemon.json"), path("state"));
    let text = r#"{"runtimes": {"w": {"path": "/bin/echo", "runtimeArgs": ["a"]}}}"#;
    fs::write(&config, text).unwrap();
    let id = "a".repeat(64);
    let table = format!(
        "1 0 0:1 / / rw,idmapped shared:1 new:1 - t s rw\n\
         2 1 0:2 / /var/lib/docker/overlay2/{id}/merged rw - overlay o rw\n\
         3 1 0:2 / /var/lib/docker/overlay2/{}/merged rw - overlay o rw\nbad\n",
        "b".repeat(64),
    );
    let of_table = |args: &[&str]| run_with(args, table.as_bytes()).stdout;
    let listed = of_table(&["mounts", "list", "--json", "--file", "-"]);
    documented("mounts list", &listed);
    let args = [
        "root",
        "cleanup",
        "--json",
        "--mountinfo",
        "-",
        "--keep",
        &id,
    ];
    documented("root cleanup", &of_table(&args));
    let roots = ["--data-root", &root, "--exec-root", &root];
    let status = run(&[&["root", "status", "--json"][..], &roots].concat());
    documented("root status", &status.stdout);
    documented(
        "root status",
        &run(&[&["root", "release", "--json"][..], &roots].concat()).stdout,
    );

    documented(
        "resolv-conf",
        &run(&["resolv-conf", "select", "--json"]).stdout,
    );
    let host = b"nameserver 127.0.0.1\nnameserver x\nsearch a\noptions ndots:1\nunknown y\n";
    for network in ["none", "legacy", "internal"] {
        let args = [
            "resolv-conf",
            "render",
            "--json",
            "--from",
            "-",
            "--network",
            network,
        ];
        documented("resolv-conf", &run_with(&args, host).expect(0).stdout);
    }
    let lint = path("resolv.conf");
    fs::write(&lint, host).unwrap();
    documented(
        "resolv-conf",
        &run(&["resolv-conf", "lint", "--json", &lint]).stdout,
    );

    documented("addrs", &run(&["addrs", "--json"]).stdout);
    documented("rro", &run(&["rro", "--json", "--config", &config]).stdout);
    let table = ["--json", "--config", &config, "--state", &state];
    for name in ["w", "none"] {
        let args = [&["runtimes", "resolve", name], &table[..]].concat();
        documented("runtimes", &run(&args).stdout);
    }
    let gc = [&["runtimes", "gc", "--dry-run"], &table[..]].concat();
    documented("runtimes", &run(&gc).stdout);
    fs::write(&config, text.replace("}}}", "}, \"bad\": {}}}")).unwrap();
    for name in ["list", "check"] {
        documented(
            "runtimes",
            &run(&[&["runtimes", name], &table[..]].concat()).stdout,
        );
    }
    let report = run(&[
        "report",
        "--json",
        "--no-probe",
        "--data-root",
        &root,
        "--config",
        &config,
    ]);
    let mut report = report.json();
    // These are what other subcommands print.
    report["links"] = Value::Null;
    report["resolv_conf"] = Value::Null;
    report["root"]["status"] = Value::Null;
    documented("report", &report.to_string());
    documented(
        "mounts holders",
        &run(&["mounts", "holders", "/proc", "--json"]).stdout,
    );
    for args in [
        &["mounts", "peers", "--json"][..],
        &["mounts", "peers", "/proc", "--json"],
    ] {
        documented("mounts peers", &run(args).stdout);
    }
    documented(
        "mounts safe-to-remove",
        &run(&["mounts", "safe-to-remove", "/proc", "--json"]).stdout,
    );
}

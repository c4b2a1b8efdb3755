//! The JSON of `docs/json.md`, member by member.

use std::fs;

use serde_json::{Value, json};

use crate::command::{run, run_with};

#[track_caller]
pub(crate) fn has(value: &Value, members: &[&str]) {
    for member in members {
        assert!(
            value.get(member).is_some(),
            "{member} is missing in {value}"
        );
    }
}

#[test]
fn mounts_list() {
    let table = b"61 42 0:77 /a//deleted /srv/\xff rw,x shared:4 master:9 new:1 - tmpfs s\\040s rw\nbroken\n";
    let value = run_with(&["mounts", "list", "--json", "--file", "-"], table)
        .expect(0)
        .json();
    let row = &value["rows"][0];
    has(
        row,
        &[
            "id",
            "parent",
            "major",
            "minor",
            "root",
            "mount_point",
            "mount_options",
            "shared",
        ],
    );
    has(
        row,
        &[
            "master",
            "propagate_from",
            "unbindable",
            "fs_type",
            "source",
            "super_options",
        ],
    );
    assert_eq!(row["deleted"], true);
    assert_eq!(row["root"], "/a");
    assert_eq!(row["mount_point_hex"], "2f7372762fff");
    assert_eq!((&row["shared"], &row["master"]), (&json!(4), &json!(9)));
    assert_eq!(row["propagate_from"], Value::Null);
    assert_eq!(row["source"], "s s");
    assert_eq!(row["mount_options"], json!(["rw", "x"]));
    assert_eq!(value["malformed"][0]["line"], 2);
    run_with(
        &["mounts", "list", "--strict", "--json", "--file", "-"],
        table,
    )
    .expect(2);
}

#[test]
fn mounts_tree_shows_every_row_of_an_odd_table() {
    let table = b"1 2 0:1 / /a rw - t s rw\n2 1 0:1 / /b rw - t s rw\n3 3 0:1 / /c rw - t s rw\n3 3 0:1 / /d rw - t s rw\n";
    let tree = run_with(&["mounts", "tree", "--file", "-"], table).expect(0);
    for point in ["/a", "/b", "/c", "/d"] {
        assert_eq!(tree.stdout.matches(point).count(), 1, "{}", tree.stdout);
    }
}

#[test]
fn mounts_at_shows_a_stack_from_the_bottom() {
    let table =
        b"1 0 0:1 / / rw - t s rw\n2 1 0:2 / /m rw - t one rw\n3 2 0:3 / /m rw - t two rw\n";
    let value = run_with(
        &["mounts", "list", "--json", "--at", "/m", "--file", "-"],
        table,
    )
    .json();
    let sources: Vec<_> = value["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["source"])
        .collect();
    assert_eq!(sources, ["one", "two"]);
    let tree = run_with(&["mounts", "tree", "--file", "-"], table).expect(0);
    assert!(tree.stdout.contains("└─ /m"), "{}", tree.stdout);
}

#[test]
fn root_cleanup_plans_from_a_captured_table() {
    let (dead, live) = ("a".repeat(64), "b".repeat(64));
    let table = format!(
        "1 0 0:1 / / rw - t s rw\n\
         2 1 0:2 / /var/lib/docker/overlay2/{dead}/merged rw - overlay o rw\n\
         3 2 0:3 / /var/lib/docker/overlay2/{dead}/merged/proc rw - proc p rw\n\
         4 1 0:4 / /var/lib/docker/overlay2/{live}/merged rw - overlay o rw\n\
         5 1 0:5 / /var/lib/docker/volumes rw - ext4 d rw\n"
    );
    let args = [
        "root",
        "cleanup",
        "--json",
        "--mountinfo",
        "-",
        "--keep",
        &live,
    ];
    let value = run_with(&args, table.as_bytes()).expect(0).json();
    let ids: Vec<_> = value["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["mount_id"])
        .collect();
    assert_eq!(ids, [&json!(3), &json!(2)], "what lies on top goes first");
    has(&value["steps"][0], &["mount_point", "rule"]);
    has(&value["kept"][0], &["mount_point", "reason"]);
    assert_eq!(value["root"]["action"], "none");
}

#[test]
fn root_status_of_a_plain_directory() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_str().unwrap();
    let args = [
        "root",
        "status",
        "--json",
        "--data-root",
        root,
        "--exec-root",
        root,
    ];
    let value = run(&args).expect(0).json();
    has(
        &value,
        &["root", "mounted", "ownership", "self_bind", "leftovers"],
    );
    assert_eq!(value["mounted"], false);
}

#[test]
fn resolv_conf() {
    let args = [
        "resolv-conf",
        "render",
        "--json",
        "--from",
        "-",
        "--network",
        "internal",
    ];
    let host = b"nameserver 10.0.0.1\nsearch a\nnameserver nope\n";
    let value = run_with(&args, host).expect(0).json();
    assert_eq!(value["nameservers"], json!(["127.0.0.11"]));
    assert_eq!(
        value["upstreams"],
        json!([{ "address": "10.0.0.1", "host_namespace": true }])
    );
    assert_eq!(value["options"], json!(["ndots:0"]));
    assert_eq!(value["search"], json!(["a"]));
    assert_eq!(value["diagnostics"][0]["line"], 3);
    has(&value, &["text", "other", "warnings"]);

    let args = [
        "resolv-conf",
        "render",
        "--from",
        "-",
        "--no-comments",
        "--search",
        "",
    ];
    assert_eq!(
        run_with(&args, b"nameserver 1.1.1.1\nsearch a\n").stdout,
        "nameserver 1.1.1.1\n"
    );

    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("etc"), "nameserver 127.0.0.53\n").unwrap();
    fs::write(path("uplink"), "nameserver 10.0.0.1\n").unwrap();
    let (etc, uplink) = (path("etc"), path("uplink"));
    let value = run(&[
        "resolv-conf",
        "select",
        "--json",
        "--etc",
        &etc,
        "--uplink",
        &uplink,
    ])
    .json();
    assert_eq!(value["path"], uplink);
    has(&value, &["reason"]);

    run_with(&["resolv-conf", "lint", "-"], b"nameserver 1.1.1.1\n").expect(0);
    let long = format!("search {}\nnameserver 1.1.1.1\n", "a ".repeat(100_000));
    let told = run_with(&["resolv-conf", "lint", "-"], long.as_bytes()).expect(1);
    assert!(told.stdout.contains("(200007 bytes)"), "cut for a person");
    assert!(told.stdout.len() < 5_000, "{} bytes", told.stdout.len());
    let bad = run_with(
        &["resolv-conf", "lint", "-", "--json"],
        b"Nameserver 1.1.1.1\n",
    )
    .expect(1);
    assert_eq!(
        bad.json()["lines"].as_array().unwrap().last().unwrap()["line"],
        1
    );
}

#[test]
fn addrs_of_loopback_and_of_nothing() {
    let value = run(&["addrs", "lo", "--json"]).expect(0).json();
    let link = &value["links"][0];
    assert_eq!(
        (&link["name"], &link["found"]),
        (&json!("lo"), &json!(true))
    );
    assert!(link["ifindex"].as_u64().unwrap() > 0);
    if let Some(address) = link["addrs"].get(0) {
        has(
            address,
            &["address", "prefix_len", "peer", "label", "scope", "flags"],
        );
    }
    let value = run(&["addrs", "no-such-link", "--json"]).expect(1).json();
    assert_eq!(value["links"][0]["found"], false);
    assert_eq!(value["links"][0]["ifindex"], Value::Null);
}

#[test]
fn report_in_all_formats() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_str().unwrap();
    let args = |format| {
        [
            "report",
            "--no-probe",
            "--data-root",
            root,
            "--format",
            format,
        ]
    };
    let value: Value = serde_json::from_str(&run(&args("json")).stdout).unwrap();
    has(
        &value,
        &[
            "findings",
            "mounts",
            "root",
            "resolv_conf",
            "links",
            "rro",
            "runtimes",
        ],
    );
    assert!(run(&args("text")).stdout.contains("daemon-host report"));
}

#[test]
fn the_configuration_says_where_the_root_and_the_servers_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for name in ["data", "other", "exec"] {
        fs::create_dir(path(name)).unwrap();
    }
    fs::write(path("resolv.conf"), "search nowhere\n").unwrap();
    let (config, other) = (path("daemon.json"), path("other"));
    let text = json!({
        "data-root": path("data"), "exec-root": path("exec"), "resolv-conf": path("resolv.conf"),
    });
    fs::write(&config, text.to_string()).unwrap();
    let report = |more: &[&str]| {
        let args = ["report", "--no-probe", "--json", "--config", &config];
        run(&[&args, more].concat()).json()
    };
    let value = report(&[]);
    assert_eq!(value["root"]["path"], path("data"));
    assert_eq!(value["resolv_conf"]["path"], path("resolv.conf"));
    let about_servers = |value: &Value| {
        let findings = value["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|f| f["subject"] == "resolv.conf")
            .count()
    };
    assert_eq!(about_servers(&value), 1, "{value}");
    assert_eq!(report(&["--data-root", &other])["root"]["path"], other);
    let value = run(&["root", "status", "--json", "--config", &config])
        .expect(0)
        .json();
    assert_eq!(value["root"], path("data"));

    let text = text.to_string().replace('}', r#", "dns": ["9.9.9.9"]}"#);
    fs::write(&config, text).unwrap();
    assert_eq!(
        about_servers(&report(&[])),
        0,
        "dns gives servers that work"
    );
}

//! What the `resolv-conf` subcommands say.

use std::fs;

use serde_json::{Value, json};
use support::namespace::output;

use crate::command::{run, run_with};

const ODD: &[u8] =
    b"nameserver fe80::1%\xff\nnameserver n\xfe\nsearch a\xff.example b\noptions x\xfe\nfoo \xfd\n";

/// Bytes that are not UTF-8 are all there, in hexadecimal, wherever the lossy text stands.
#[test]
fn odd_bytes_have_their_siblings() {
    let render = |network| {
        let args = [
            "resolv-conf",
            "render",
            "--json",
            "--from",
            "-",
            "--network",
            network,
        ];
        run_with(&args, ODD).expect(0).json()
    };
    let value = render("host");
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    assert_eq!(value["nameservers_hex"], json!([hex(b"fe80::1%\xff")]));
    assert_eq!(value["search"], json!(["a\u{fffd}.example", "b"]));
    assert_eq!(
        value["search_hex"],
        json!([hex(b"a\xff.example"), hex(b"b")])
    );
    assert_eq!(value["options_hex"], json!([hex(b"x\xfe")]));
    assert_eq!(value["other_hex"], json!([hex(b"foo \xfd")]));
    assert_eq!(value["invalid_nameservers_hex"], json!([hex(b"n\xfe")]));
    let text = value["text_hex"].as_str().unwrap();
    assert!(
        text.starts_with(&hex(b"nameserver fe80::1%\xff\n")),
        "{text}"
    );
    let internal = render("internal");
    assert_eq!(
        internal["upstreams"][0]["address_hex"],
        hex(b"fe80::1%\xff")
    );

    let value = run_with(&["resolv-conf", "lint", "-", "--json"], ODD)
        .expect(1)
        .json();
    let lines = value["lines"].as_array().unwrap();
    let of_line = |number: usize| lines.iter().find(|line| line["line"] == number).unwrap();
    assert_eq!(of_line(3)["text_hex"], hex(b"search a\xff.example b"));
    let plain = run_with(&["resolv-conf", "lint", "-", "--json"], b"search a\n");
    assert_eq!(plain.json()["lines"][1].get("text_hex"), None::<&Value>);
}

/// A directory with a host's files, and the arguments that name them.
struct Host(tempfile::TempDir);

impl Host {
    fn new(etc: &str, uplink: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("etc"), etc).unwrap();
        fs::write(dir.path().join("uplink"), uplink).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn select(&self, network: &str) -> Value {
        let (etc, uplink) = (self.path("etc"), self.path("uplink"));
        let args = [
            "resolv-conf",
            "select",
            "--json",
            "--etc",
            &etc,
            "--uplink",
            &uplink,
        ];
        run(&[&args[..], &["--network", network]].concat())
            .expect(0)
            .json()
    }
}

#[test]
fn the_file_depends_on_the_network() {
    let host = Host::new(
        "nameserver 127.0.0.53\nsearch vpn.example\n",
        "nameserver 192.0.2.1\n",
    );
    let value = host.select("default");
    assert_eq!(value["path"], host.path("uplink"));
    assert_eq!(
        (&value["reason"], &value["network"]),
        (&json!("resolved-uplink"), &json!("default"))
    );
    for network in ["user-defined", "host"] {
        let value = host.select(network);
        assert_eq!(value["path"], host.path("etc"));
        assert_eq!(
            (&value["reason"], &value["network"]),
            (&json!("host-file"), &json!(network))
        );
    }
}

/// Why there is no content is said: where the link leads, and what the system answered.
#[test]
fn why_a_file_cannot_be_read() {
    let host = Host::new("", "");
    fs::remove_file(host.path("etc")).unwrap();
    std::os::unix::fs::symlink("/nowhere/resolv.conf", host.path("etc")).unwrap();
    let value = host.select("default");
    assert_eq!(value["reason"], "missing");
    assert_eq!(value["link_target"], "/nowhere/resolv.conf");
    fs::remove_file(host.path("etc")).unwrap();
    std::os::unix::fs::symlink("etc", host.path("etc")).unwrap();
    let value = host.select("host");
    assert_eq!(value["reason"], "unreadable");
    assert!(
        value["unreadable"]
            .as_str()
            .unwrap()
            .contains("symbolic links"),
        "{value}"
    );
    fs::remove_file(host.path("etc")).unwrap();
    fs::create_dir(host.path("etc")).unwrap();
    let value = host.select("host");
    assert!(
        value["unreadable"]
            .as_str()
            .unwrap()
            .contains("a directory"),
        "{value}"
    );
}

/// The report judges what a container would get, not where the file lies.
#[test]
fn the_report_says_who_gets_public_servers() {
    for (text, cause) in [
        ("nameserver 127.0.0.1\n", "127.0.0.1 is loopback"),
        ("nameserver fe80::1%eth0\n", "is IPv6"),
        ("nameserver 2001:db8::1\n", "2001:db8::1 is IPv6"),
        (
            "nameserver 0.0.0.0\nnameserver ::\n",
            "0.0.0.0 means the local host",
        ),
        ("# No DNS servers known.\n", "the administrator set it"),
    ] {
        let host = Host::new("", "");
        fs::write(host.path("resolv.conf"), text).unwrap();
        let config = json!({ "resolv-conf": host.path("resolv.conf") });
        fs::write(host.path("daemon.json"), config.to_string()).unwrap();
        let args = ["report", "--no-probe", "--json", "--config"];
        let value = run(&[&args[..], &[&host.path("daemon.json")]].concat()).json();
        let findings = value["findings"].as_array().unwrap();
        let public = findings.iter().find(|finding| {
            finding["what"]
                == "containers on the default bridge ask public name servers: 8.8.8.8, 8.8.4.4"
        });
        let public = public.unwrap_or_else(|| panic!("{text:?}: {findings:?}"));
        assert!(
            public["cause"].as_str().unwrap().contains(cause),
            "{public}"
        );
    }
}

#[test]
fn the_fallback_can_be_chosen() {
    let render = |more: &[&str]| {
        let args = [
            "resolv-conf",
            "render",
            "--from",
            "-",
            "--network",
            "legacy",
            "--no-comments",
        ];
        run_with(&[&args[..], more].concat(), b"nameserver 127.0.0.1\n")
            .expect(0)
            .stdout
    };
    assert_eq!(render(&[]), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
    assert_eq!(render(&["--fallback", "off"]), "");
    assert_eq!(
        render(&["--fallback", "192.0.2.53"]),
        "nameserver 192.0.2.53\n"
    );
    let v6_only = render(&["--ipv6", "true", "--ipv6-only"]);
    assert_eq!(
        v6_only,
        "nameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n"
    );
}

/// One file, three answers: each reader has its own servers, list and queries.
#[test]
fn lint_and_explain_for_readers() {
    let text = b"search one.test\r\nnameserver 192.0.2.1\r\noptions ndots:2\n";
    let lint = |readers: &str| {
        let args = ["resolv-conf", "lint", "-", "--json", "--for", readers];
        run_with(&args, text).expect(1).json()
    };
    let value = lint("glibc,musl,node");
    let servers: Vec<&Value> = (0..3)
        .map(|at| &value["readers"][at]["servers"][0]["address"])
        .collect();
    assert_eq!(servers, ["127.0.0.1", "192.0.2.1", "192.0.2.1"]);
    assert_eq!(
        value["diagnostics"][0]["kind"], "no-nameservers",
        "the worst first"
    );
    assert_eq!(value["diagnostics"][0]["readers"], json!(["glibc"]));
    assert_eq!(lint("all")["readers"].as_array().unwrap().len(), 17);

    let args = [
        "resolv-conf",
        "explain",
        "-",
        "a.b.c",
        "--json",
        "--for",
        "glibc,musl,node",
    ];
    let value = run_with(&args, b"nameserver 192.0.2.1\nsearch one.test\n")
        .expect(0)
        .json();
    let names = |at: usize| -> Vec<&str> {
        let queries = value["readers"][at]["queries"].as_array().unwrap();
        queries
            .iter()
            .map(|query| query["name"].as_str().unwrap())
            .collect()
    };
    assert_eq!(names(0), ["a.b.c", "a.b.c.one.test"]);
    assert_eq!(names(1), ["a.b.c"]);
    assert_eq!(names(2), ["a.b.c"]);
    assert_eq!(value["readers"][0]["silent_each_ms"], 10_000);
    assert_eq!(value["readers"][1]["silent_whole_ms"], 5_000);

    let args = ["resolv-conf", "explain", "-", "zz", "--for", "glibc"];
    let told = run_with(&args, b"nameserver 192.0.2.1\noptions attempts:x\n").expect(1);
    assert!(
        told.stdout.contains("fails: asks-nobody (line 2)"),
        "{}",
        told.stdout
    );
    let told = run_with(&["resolv-conf", "lint", "-", "--for", "bind"], b"").expect(2);
    assert!(
        told.stderr.contains("not one of glibc, musl, go"),
        "{}",
        told.stderr
    );
}

/// Where a limit of inotify is used up, the answers say that changes come late.
#[test]
fn a_watch_that_hears_nothing_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let etc = dir.path().join("etc");
    fs::write(&etc, "nameserver 192.0.2.1\n").unwrap();
    let lines = |limit: &str, form: &str| -> Option<String> {
        let script = format!(
            "{limit} exec \"$0\" resolv-conf watch --seconds 0 {form} --etc {} --uplink none",
            etc.display()
        );
        let mut command = std::process::Command::new("sh");
        command.args(["-ec", &script, env!("CARGO_BIN_EXE_daemon-host")]);
        let output = output(crate::command::SPACE, &mut command)?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let unheard = |text: &str| serde_json::from_str::<Value>(text).unwrap()["unheard"].clone();
    let Some(heard) = lines("", "--json") else {
        return;
    };
    assert_eq!(unheard(&heard), Value::Null);
    let limit = "echo 0 > /proc/sys/user/max_inotify_instances;";
    let (Some(json), Some(text)) = (lines(limit, "--json"), lines(limit, "")) else {
        return;
    };
    let why = unheard(&json);
    assert!(
        why.as_str().unwrap().starts_with("inotify_init1()"),
        "{why}"
    );
    assert!(
        text.contains("changes are found only every 30 seconds"),
        "{text}"
    );
}

/// A mistyped path is told, and is no success. An empty file is a file.
#[test]
fn explain_tells_of_a_file_that_does_not_exist() {
    let dir = tempfile::tempdir().unwrap();
    let (absent, empty) = (dir.path().join("absent"), dir.path().join("empty"));
    fs::write(&empty, "").unwrap();
    for (path, code) in [(&absent, 1), (&empty, 0)] {
        let path = path.to_str().unwrap();
        let told = run(&["resolv-conf", "explain", path, "zz"]).expect(code);
        assert_eq!(told.stdout.contains("does not exist"), code == 1);
        let json = run(&["resolv-conf", "explain", path, "zz", "--json"]).expect(code);
        assert_eq!(json.json()["missing"], code == 1);
    }
}

/// For a name that nobody asks for, `explain` says why. An address is no failure.
#[test]
fn explain_tells_of_names_that_need_no_query() {
    let file = b"nameserver 192.0.2.1\nsearch .one.test ok.test\n";
    for (name, why, code, text) in [
        ("192.0.2.9", "address", 0, "this is an address"),
        ("a..b", "not-a-name", 1, "no query can hold such a name"),
        ("a b", "refused", 1, "it asks for no name with these bytes"),
    ] {
        let args = ["resolv-conf", "explain", "-", name, "--for", "glibc,go"];
        let told = run_with(&args, file).expect(code).stdout;
        assert_eq!(told.matches(text).count(), 2, "{told}");
        let told = run_with(&[&args[..], &["--json"]].concat(), file).expect(code);
        let json = told.json();
        for reader in json["readers"].as_array().unwrap() {
            assert_eq!(reader["no_query"], why, "{name}");
            assert_eq!(reader["queries"], json!([]), "{name}");
        }
    }
    let args = ["resolv-conf", "explain", "-", ".", "--for", "go", "--json"];
    let json = run_with(&args, file).expect(0).json();
    let go = &json["readers"][0];
    assert_eq!(
        (&go["no_query"], &go["queries"][0]["name"]),
        (&Value::Null, &json!("."))
    );
    // Go keeps a domain in its list that no name can end in. It is never used.
    assert_eq!(go["search"], json!(["ok.test"]));
}

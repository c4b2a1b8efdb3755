use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use resolvconf::{
    Content, ErrorKind, Facts, FileFacts, NetworkKind, Reason, ResolvedMode, SelectOptions, find,
    parse, select,
};
use serde_json::Value;

fn facts(etc: &str) -> Facts {
    let mut facts = Facts::default();
    facts.etc.content = parse(etc.as_bytes()).into();
    facts.uplink.content = parse(b"nameserver 192.0.2.1\n").into();
    facts
}

#[track_caller]
fn check(facts: &Facts, path: &str, reason: Reason) {
    let selection = select(facts).selection;
    assert_eq!(selection.path, PathBuf::from(path));
    assert_eq!(selection.reason, reason);
    assert!(!reason.to_string().is_empty());
}

const ETC: &str = "/etc/resolv.conf";
const UPLINK: &str = "/run/systemd/resolve/resolv.conf";
const MANAGER: &str = "/run/NetworkManager/no-stub-resolv.conf";

#[test]
fn mobys_detections() {
    let vectors: Value = serde_json::from_str(include_str!("data/resolvconf.json")).unwrap();
    for case in vectors["path_detection"].as_array().unwrap() {
        let text = case["file"].as_str().unwrap();
        let expected = case["want"].as_str().or(case["moby"].as_str()).unwrap();
        if !text.contains('\n') {
            continue; // Described in words; see the tests below.
        }
        assert_eq!(
            select(&facts(text)).selection.path,
            PathBuf::from(expected),
            "{text:?}"
        );
    }
}

#[test]
fn every_stub_counts_and_every_other_server_too() {
    let uplink = Reason::ResolvedUplink;
    check(&facts("nameserver 127.0.0.54\n"), UPLINK, uplink);
    check(
        &facts("nameserver 127.0.0.53\nnameserver 127.0.0.54\n"),
        UPLINK,
        uplink,
    );
    check(
        &facts("nameserver 127.0.0.53\nnameserver 127.0.0.2\n"),
        ETC,
        Reason::LoopbackOnly,
    );
    check(
        &facts("nameserver 127.0.0.53\nnameserver 192.0.2.1\n"),
        ETC,
        Reason::OwnServers,
    );
    check(&facts("search a\n"), ETC, Reason::NoServers);
    check(&facts(""), ETC, Reason::NoServers);
}

#[test]
fn without_the_uplink_file_the_stub_stays() {
    let mut facts = facts("nameserver 127.0.0.53\n");
    facts.uplink.content = Content::Missing;
    check(&facts, ETC, Reason::StubOnly);
    facts.network_manager.content = parse(b"nameserver 192.0.2.2\n").into();
    check(&facts, MANAGER, Reason::NetworkManager);
}

/// A daemon in a user namespace may see the stub and not be let into the directory behind it.
#[test]
fn rootless_without_access_to_the_uplink_file() {
    let mut facts = facts("nameserver 127.0.0.53\n");
    facts.uplink.content = Content::Unreadable {
        kind: ErrorKind::Io,
        message: "permission denied".into(),
    };
    check(&facts, ETC, Reason::StubOnly);
    // What slirp4netns and its like put there is a server like any other.
    facts.etc.content = parse(b"nameserver 10.0.2.3\n").into();
    check(&facts, ETC, Reason::OwnServers);
}

#[test]
fn networkmanagers_cache() {
    for server in ["127.0.0.1", "127.0.1.1", "::1"] {
        let mut facts = facts(&format!("nameserver {server}\n"));
        check(&facts, ETC, Reason::LoopbackOnly);
        facts.network_manager.content = parse(b"nameserver 192.0.2.2\n").into();
        check(&facts, MANAGER, Reason::NetworkManager);
    }
}

#[test]
fn an_empty_uplink_file_is_still_the_truth() {
    let mut facts = facts("nameserver 127.0.0.53\n");
    facts.uplink.content = parse(b"# No DNS servers known.\n").into();
    check(&facts, UPLINK, Reason::UplinkUnusable);
}

/// What lists only the host itself, or nothing, has no servers for a container.
#[test]
fn a_file_without_usable_servers_is_not_preferred() {
    for text in [
        "nameserver 127.0.0.1\n",
        "nameserver 0.0.0.0\nnameserver ::\n",
        "",
    ] {
        let mut facts = facts("nameserver 127.0.0.53\n");
        facts.uplink.content = parse(text.as_bytes()).into();
        check(&facts, UPLINK, Reason::UplinkUnusable);
        facts.network_manager.content = parse(text.as_bytes()).into();
        check(&facts, UPLINK, Reason::UplinkUnusable);
        facts.network_manager.content = parse(b"nameserver 192.0.2.2\n").into();
        check(&facts, MANAGER, Reason::NetworkManager);
        facts.etc.content = parse(b"nameserver 127.0.0.1\n").into();
        facts.network_manager.content = parse(text.as_bytes()).into();
        check(&facts, ETC, Reason::LoopbackOnly);
    }
}

/// Networks that reach the host's resolver inherit the host's file, whatever else there is.
#[test]
fn the_kind_of_network_decides() {
    for kind in [NetworkKind::UserDefined, NetworkKind::Host] {
        let mut facts = facts("nameserver 127.0.0.53\nsearch vpn.example\n");
        facts.network = kind;
        facts.configured = Some(FileFacts::with_document(
            "/srv/resolv.conf",
            parse(b"nameserver 192.0.2.9\n"),
        ));
        check(&facts, ETC, Reason::HostFile);
        let current = select(&facts);
        assert_eq!(current.selection.network, kind);
        assert_eq!(current.document.search().next(), Some(&b"vpn.example"[..]));
        facts.etc.content = Content::Missing;
        check(&facts, ETC, Reason::Missing);
        assert!(select(&facts).document.is_missing());
        facts.etc.content = Content::Unreadable {
            kind: ErrorKind::Denied,
            message: "denied".into(),
        };
        check(&facts, ETC, Reason::Unreadable);
        assert_eq!(select(&facts).unreadable.as_deref(), Some("denied"));
    }
}

#[test]
fn the_administrator_decides() {
    let mut facts = facts("nameserver 127.0.0.53\n");
    facts.configured = Some(FileFacts::with_document(
        "/srv/resolv.conf",
        parse(b"nameserver 192.0.2.9\n"),
    ));
    assert_eq!(select(&facts).document.nameservers().count(), 1);
    check(&facts, "/srv/resolv.conf", Reason::Configured);
}

#[test]
fn absent_and_unreadable() {
    let mut facts = facts("");
    facts.etc.content = Content::Missing;
    check(&facts, ETC, Reason::Missing);
    facts.etc.content = Content::Unreadable {
        kind: ErrorKind::NotAFile,
        message: "a FIFO".into(),
    };
    check(&facts, ETC, Reason::Unreadable);
}

/// A host in a directory: `etc` links as told, the other files are there.
struct Host {
    dir: tempfile::TempDir,
    options: SelectOptions,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for sub in [
            "etc",
            "run/systemd/resolve",
            "run/NetworkManager",
            "usr/lib/systemd",
        ] {
            fs::create_dir_all(root.join(sub)).unwrap();
        }
        let mut options = SelectOptions::new();
        options.etc = root.join("etc/resolv.conf");
        options.uplink = root.join("run/systemd/resolve/resolv.conf");
        options.stub = root.join("run/systemd/resolve/stub-resolv.conf");
        options.static_file = root.join("usr/lib/systemd/resolv.conf");
        options.network_manager = root.join("run/NetworkManager/no-stub-resolv.conf");
        fs::write(&options.uplink, "nameserver 192.0.2.1\n").unwrap();
        fs::write(&options.stub, "nameserver 127.0.0.53\nsearch a\n").unwrap();
        fs::write(&options.static_file, "nameserver 127.0.0.53\n").unwrap();
        Self { dir, options }
    }

    #[track_caller]
    fn check(&self, path: &PathBuf, reason: Reason, mode: ResolvedMode) {
        let selection = select(&find(&self.options)).selection;
        assert_eq!(&selection.path, path);
        assert_eq!((selection.reason, selection.mode), (reason, mode));
    }
}

#[test]
fn the_four_modes() {
    let host = Host::new();
    let SelectOptions { etc, uplink, .. } = &host.options;
    symlink("../run/systemd/resolve/stub-resolv.conf", etc).unwrap();
    host.check(uplink, Reason::ResolvedUplink, ResolvedMode::Stub);
    fs::remove_file(etc).unwrap();
    symlink("../usr/lib/systemd/resolv.conf", etc).unwrap();
    host.check(uplink, Reason::ResolvedUplink, ResolvedMode::Static);
    fs::remove_file(etc).unwrap();
    symlink("../run/systemd/resolve/resolv.conf", etc).unwrap();
    host.check(etc, Reason::OwnServers, ResolvedMode::Uplink);
    fs::remove_file(etc).unwrap();
    fs::write(etc, "nameserver 192.0.2.7\n").unwrap();
    host.check(etc, Reason::OwnServers, ResolvedMode::Foreign);
}

#[test]
fn links_that_lead_nowhere() {
    let host = Host::new();
    let SelectOptions {
        etc, uplink, stub, ..
    } = &host.options;
    symlink("../run/systemd/resolve/stub-resolv.conf", etc).unwrap();
    fs::remove_file(uplink).unwrap();
    symlink("gone", uplink).unwrap();
    host.check(etc, Reason::StubOnly, ResolvedMode::Stub);
    fs::remove_file(stub).unwrap();
    host.check(etc, Reason::Missing, ResolvedMode::Stub);
}

#[test]
fn an_uplink_path_that_is_a_directory() {
    let host = Host::new();
    let SelectOptions { etc, uplink, .. } = &host.options;
    fs::write(etc, "nameserver 127.0.0.53\n").unwrap();
    fs::remove_file(uplink).unwrap();
    fs::create_dir(uplink).unwrap();
    host.check(etc, Reason::StubOnly, ResolvedMode::Foreign);
    // The reason says why the servers behind the stub are not known.
    let current = select(&find(&host.options));
    let why = current.uplink_unreadable.unwrap();
    assert!(why.contains("a directory, not a file"), "{why}");
    assert_eq!(current.unreadable, None);
    fs::remove_dir(uplink).unwrap();
    assert_eq!(select(&find(&host.options)).uplink_unreadable, None);
    assert!(host.dir.path().exists());
}

/// A zone names a link of the host: no container reaches such a server.
#[test]
fn a_zoned_uplink_server_is_of_no_use_in_a_container() {
    let mut facts = facts("nameserver 127.0.0.53\n");
    facts.uplink.content = parse(b"nameserver fe80::1%eth0\n").into();
    check(&facts, UPLINK, Reason::UplinkUnusable);
    facts.uplink.content = parse(b"nameserver fe80::1%eth0\nnameserver 2001:db8::1\n").into();
    check(&facts, UPLINK, Reason::ResolvedUplink);
}

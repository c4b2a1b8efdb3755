//! What systemd-resolved does behind its stub.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use resolvconf::{BehindPaths, InUse, Reason, SelectOptions, WatchOptions, Watcher, find, select};

/// A host whose /etc/resolv.conf is the stub, with settings and links of resolved.
struct Stub {
    dir: tempfile::TempDir,
    options: SelectOptions,
}

impl Stub {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut options = SelectOptions::new();
        (options.etc, options.uplink) = (at("etc.conf"), at("uplink.conf"));
        options.network_manager = at("none");
        let mut paths = BehindPaths::default();
        paths.settings = vec![at("etc"), at("lib")];
        paths.links = vec![at("networkd"), at("resolved")];
        options.behind = Some(paths);
        let stub = Self { dir, options };
        stub.write("etc.conf", "nameserver 127.0.0.53\n");
        stub.write(
            "uplink.conf",
            "nameserver 192.0.2.1\nnameserver 192.0.2.2\n",
        );
        for (name, text) in files {
            stub.write(name, text);
        }
        stub
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[track_caller]
    fn check(&self, dns_over_tls: InUse, split_dns: InUse, words: &str) {
        let selection = select(&find(&self.options)).selection;
        assert_eq!(selection.reason, Reason::ResolvedUplink);
        let lost = selection.lost.unwrap();
        assert_eq!(
            (lost.dns_over_tls, lost.split_dns),
            (dns_over_tls, split_dns)
        );
        let told = selection.explanation();
        assert!(told.ends_with(words), "{told}");
    }
}

/// Every place that is read is watched, also if it comes later.
#[test]
fn a_watcher_hears_what_the_stub_does() {
    let stub = Stub::new(&[("networkd/2", "DNS=192.0.2.1\n")]);
    let mut options = WatchOptions::new();
    options.select = stub.options.clone();
    options.recheck = None;
    let mut watcher = Watcher::open(&options).unwrap();
    let after = |place: &str, text: &str, watcher: &mut Watcher| {
        stub.write(place, text);
        let found = watcher.next_within(Duration::from_secs(20)).unwrap();
        let lost = found.expect(place).selection.lost.unwrap();
        (lost.dns_over_tls, lost.split_dns)
    };
    const DELEGATE: &str = "[Delegate]\nDNS=192.0.2.7\nDomains=a.test\n";
    let (yes, no) = (InUse::Yes, InUse::No);
    for (place, text, expected) in [
        (
            "etc/resolved.conf.d/a.conf",
            "[Resolve]\nDNSOverTLS=yes\n",
            (yes, no),
        ),
        (
            "etc/resolved.conf.d/a.conf",
            "[Resolve]\nDNSOverTLS=no\n",
            (no, no),
        ),
        (
            "networkd/3",
            "DNS=192.0.2.3\nDOMAINS=corp.test\n",
            (no, yes),
        ),
        ("networkd/3", "DNS=192.0.2.3\n", (no, no)),
        ("resolved/3", "DNSOVERTLS=yes\n", (yes, no)),
        ("resolved/3", "LLMNR=yes\n", (no, no)),
        ("etc/dns-delegate.d/a.dns-delegate", DELEGATE, (no, yes)),
    ] {
        assert_eq!(after(place, text, &mut watcher), expected, "{place}");
    }
    stub.write("networkd/other.tmp", "DNS=192.0.2.4\n");
    let quiet = watcher.next_within(Duration::from_millis(100)).unwrap();
    assert!(quiet.is_none(), "{quiet:?}");
}

#[test]
fn what_the_stub_does_is_seen() {
    const BEHIND: &str = "the servers behind it";
    let one = ("networkd/2", "DNS=192.0.2.1\nDOMAINS=corp.test\n");
    Stub::new(&[one]).check(InUse::No, InUse::No, BEHIND);
    let set = "[Resolve]\nDNSOverTLS=opportunistic\n";
    Stub::new(&[one, ("etc/resolved.conf.d/a.conf", set)]).check(
        InUse::Yes,
        InUse::No,
        "the stub uses DNS over TLS, and containers ask without",
    );
    // One link has a setting of its own; another one has the domains.
    let vpn = (
        "resolved/7",
        "DNSOVERTLS=no\nSERVERS=192.0.2.2\nDOMAINS=~vpn.test\n",
    );
    Stub::new(&[one, vpn]).check(
        InUse::No,
        InUse::Yes,
        "the stub uses split DNS (a server of its own for some domains), and containers ask without",
    );
    let own = ("networkd/2", "DNS=192.0.2.1\nDNS_OVER_TLS=yes\n");
    Stub::new(&[own, vpn]).check(InUse::Yes, InUse::Yes, "containers ask without");
    // Servers for all links, in a file of a weaker place that a stronger one replaces.
    let lib = (
        "lib/resolved.conf.d/a.conf",
        "[Resolve]\nDNS=192.0.2.1\nDNSOverTLS=yes\n",
    );
    Stub::new(&[lib]).check(InUse::Yes, InUse::No, "containers ask without");
    let etc = ("etc/resolved.conf.d/a.conf", "[Resolve]\nDNS=192.0.2.1\n");
    Stub::new(&[lib, etc]).check(InUse::No, InUse::No, BEHIND);
    let delegate = |text| ("etc/dns-delegate.d/corp.dns-delegate", text);
    let corp = delegate("[Delegate]\nDNS=192.0.2.9\nDomains=corp.test\n");
    Stub::new(&[etc, corp]).check(InUse::No, InUse::Yes, "containers ask without");
    // One without servers is never asked.
    let empty = delegate("[Delegate]\nDomains=corp.test\n");
    Stub::new(&[etc, empty]).check(InUse::No, InUse::No, BEHIND);
    // The state of a link that is just being written is not a second link.
    let half = ("networkd/.#2abc", "DNS=192.0.2.1\nDOMAINS=a.test\n");
    let whole = ("networkd/2", "DNS=192.0.2.1\nDOMAINS=a.test\n");
    Stub::new(&[whole, half]).check(InUse::No, InUse::No, BEHIND);
}

/// What could not be read is unknown, and never "no".
#[test]
fn what_the_stub_does_may_be_unknown() {
    const MAY: &str = "the stub may use DNS over TLS and split DNS (a server of its own for some \
                       domains), and containers ask without";
    let check = |stub: &Stub| stub.check(InUse::Unknown, InUse::Unknown, MAY);
    // The servers come from somewhere, and no place has them.
    check(&Stub::new(&[]));
    check(&Stub::new(&[("networkd/2", "ADMIN_STATE=configured\n")]));
    let one = ("networkd/2", "DNS=192.0.2.1\n");
    let mut stub = Stub::new(&[one]);
    stub.options.behind = None;
    check(&stub);
    // A link that leads in a circle cannot be read, and neither can a directory as a file.
    let stub = Stub::new(&[one]);
    let looped = stub.dir.path().join("resolved");
    symlink("resolved", looped).unwrap();
    check(&stub);
    check(&Stub::new(&[one, ("etc/resolved.conf/x", "")]));
    // What was seen stays sure.
    let tls = ("networkd/2", "DNS=192.0.2.1\nDNS_OVER_TLS=yes\n");
    Stub::new(&[tls, ("etc/resolved.conf/x", "")]).check(
        InUse::Yes,
        InUse::Unknown,
        "; the stub may use split DNS (a server of its own for some domains), and containers ask \
         without",
    );
    // What could not be read may take back what another file sets.
    let lib = ("lib/resolved.conf.d/a.conf", "[Resolve]\nDNSOverTLS=yes\n");
    check(&Stub::new(&[
        one,
        lib,
        ("etc/resolved.conf.d/z.conf/x", ""),
    ]));
    // The main file of the strongest place counts, also if it is switched off.
    let main = ("lib/resolved.conf", "[Resolve]\nDNSOverTLS=yes\n");
    let stub = Stub::new(&[one, main]);
    fs::create_dir_all(stub.dir.path().join("etc")).unwrap();
    symlink("/dev/null", stub.dir.path().join("etc/resolved.conf")).unwrap();
    stub.check(InUse::No, InUse::No, "the servers behind it");
    // A file that is switched off is no fault.
    let stub = Stub::new(&[
        one,
        ("lib/resolved.conf.d/a.conf", "[Resolve]\nDNSOverTLS=yes\n"),
    ]);
    fs::create_dir_all(stub.dir.path().join("etc/resolved.conf.d")).unwrap();
    symlink(
        "/dev/null",
        stub.dir.path().join("etc/resolved.conf.d/a.conf"),
    )
    .unwrap();
    stub.check(InUse::No, InUse::No, "the servers behind it");
}

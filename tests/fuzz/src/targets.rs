//! The targets and what must be true of each answer.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use mountscan::MountTable;
use resolvconf::{Document, Nameserver, Network, TransformOptions};
use rootmount::{PlanOptions, Record, Rules};
use runtimes::{Config, Features, Runtimes, TableOptions, Version};

/// A mount table: no row is lost, and the queries agree with each other.
pub(crate) fn mountinfo(data: &[u8]) {
    let table = MountTable::from_bytes(data);
    assert_eq!(table.rows().count(), table.len());
    let read = MountTable::from_reader(data).expect("memory does not fail");
    assert!(read.rows().eq(table.rows()) && read.malformed() == table.malformed());
    let strict = MountTable::from_bytes_strict(data);
    assert_eq!(strict.is_ok(), table.malformed_count() == 0);
    assert!(table.under(Path::new("/")).len() <= table.len());
    for row in table.rows() {
        assert!(mountscan::Row::parse(row.as_bytes()).is_ok());
        let point = row.mount_point();
        // As the kernel prints them; a file may say anything.
        if is_plain(point.as_os_str().as_bytes()) {
            assert!(
                table
                    .at(&point)
                    .iter()
                    .any(|at| at.mount_id() == row.mount_id())
            );
        }
        let _ = (row.to_owned(), table.parent(row), table.mount_of(&point));
        if let Some(group) = row.shared() {
            assert!(table.peers(group).any(|peer| peer == row));
        }
    }
    let ordered = table.deepest_first(table.rows().collect());
    assert_eq!(ordered.len(), table.len());
    for root in table.roots() {
        assert!(table.descendants(root).count() <= table.len());
    }
}

fn is_plain(path: &[u8]) -> bool {
    let plain = |part: &[u8]| !part.is_empty() && part != b".";
    path == b"/"
        || path
            .strip_prefix(b"/")
            .is_some_and(|rest| rest.split(|byte| *byte == b'/').all(plain))
}

/// A clean-up plan: it never names anything outside the root.
pub(crate) fn plan(data: &[u8]) {
    let root = Path::new("/var/lib/docker");
    let table = MountTable::from_bytes(data);
    let plan = rootmount::plan(&table, &Rules::sweep(), &PlanOptions::new(root))
        .expect("the root is a good one");
    for step in plan.steps() {
        assert!(
            step.mount.mount_point.starts_with(root) && step.mount.mount_point != root,
            "{step:?}"
        );
    }
    assert!(plan.steps().len() <= table.len());
    let _ = plan.to_string();
}

/// An ownership record: what is read is written again the same.
pub(crate) fn record(data: &[u8]) {
    if let Ok(record) = Record::from_bytes(data) {
        let again = Record::from_bytes(&record.to_bytes());
        assert_eq!(again.as_ref(), Ok(&record));
    }
}

/// resolv.conf: lossless, and what is rendered reads as what was meant.
pub(crate) fn resolv_conf(data: &[u8]) {
    let document = resolvconf::parse(data);
    assert_eq!(document.as_bytes(), data);
    let lines: usize = document.lines().map(|_| 1).sum();
    assert!(lines <= data.len() + 1);
    let internal = Network::Internal {
        nameserver: Nameserver::parse(b"127.0.0.11").expect("an address"),
        required_options: vec!["ndots:0".into()],
    };
    let networks = [
        Network::None,
        Network::Host,
        Network::Legacy { ipv6: true },
        Network::Legacy { ipv6: false },
        internal,
    ];
    for network in networks {
        check_rendered(&document, &TransformOptions::new(network));
    }
}

/// With comments or without, the text means what the transform decided.
fn check_rendered(document: &Document, options: &TransformOptions) {
    let resolved = resolvconf::transform(document, options);
    for with_comments in [false, true] {
        let read = resolvconf::parse(&resolved.render(with_comments));
        let nameservers: Vec<_> = read.nameservers().map(|found| found.value).collect();
        assert_eq!(nameservers, resolved.nameservers());
        assert!(
            read.search()
                .eq(resolved.search().iter().map(|word| word.as_bytes()))
        );
        let options = resolved.options().iter().map(|word| word.as_bytes());
        assert!(read.options().map(|found| found.value).eq(options));
    }
}

/// Netlink datagrams: every message costs at least a header, so there is an end.
pub(crate) fn netlink(data: &[u8]) {
    let messages = ifaddrs::decode(data).count();
    assert!(messages <= data.len() / 16 + 1);
}

/// daemon.json: whatever a runtime is called, its script stays in its directory.
pub(crate) fn daemon_json(data: &[u8]) {
    let parsed = Config::inspect(data);
    let table = Runtimes::of_sound_entries(&parsed, &TableOptions::new("/scripts"));
    assert_eq!(Config::parse(data).is_ok(), parsed.problems.is_empty());
    for script in table.scripts() {
        let name = script.file_name();
        assert!(
            name.len() <= 255 && !name.contains('/') && !name.starts_with('.'),
            "{name}"
        );
    }
    for problem in &parsed.problems {
        assert!(!problem.message.contains('\n'), "{}", problem.message);
    }
    assert!(table.lookup("runc").is_some());
}

/// A runtime's features document and version.
pub(crate) fn features(data: &[u8]) {
    if let Ok(features) = Features::parse(data) {
        let _ = features.mount_options().contains("rro");
        let _ = (features.oci_version_min(), features.annotations().count());
    }
    let _ = Version::parse(&String::from_utf8_lossy(data)).map(|version| version.numbers());
}

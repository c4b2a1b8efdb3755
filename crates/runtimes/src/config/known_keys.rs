//! Knows the keys of daemon.json, and finds the key that a misspelt one was meant to be.

use std::sync::LazyLock;

/// Every key that some dockerd from 20.10 on reads from its configuration file, and those
/// of the two releases before that it still accepts. Sorted.
const KNOWN: &[&str] = &[
    "allow-direct-routing",
    "allow-nondistributable-artifacts",
    "api-cors-header",
    "authorization-plugins",
    "bip",
    "bip6",
    "bridge",
    "bridge-accept-fwmark",
    "builder",
    "cdi-spec-dirs",
    "cgroup-parent",
    "cluster-advertise",
    "cluster-store",
    "cluster-store-opts",
    "containerd",
    "containerd-namespace",
    "containerd-plugin-namespace",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "cri-containerd",
    "data-root",
    "debug",
    "default-address-pools",
    "default-cgroupns-mode",
    "default-gateway",
    "default-gateway-v6",
    "default-init",
    "default-ipc-mode",
    "default-network-opts",
    "default-runtime",
    "default-shm-size",
    "default-ulimits",
    "deprecated-key-path",
    "dns",
    "dns-opts",
    "dns-search",
    "exec-opts",
    "exec-root",
    "experimental",
    "features",
    "firewall-backend",
    "fixed-cidr",
    "fixed-cidr-v6",
    "graph",
    "group",
    "host-gateway-ip",
    "host-gateway-ips",
    "hosts",
    "http-proxy",
    "https-proxy",
    "icc",
    "init",
    "init-path",
    "insecure-registries",
    "ip",
    "ip-forward",
    "ip-forward-no-drop",
    "ip-masq",
    "ip6tables",
    "iptables",
    "ipv6",
    "labels",
    "live-restore",
    "log-driver",
    "log-format",
    "log-level",
    "log-opts",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "metrics-addr",
    "mtu",
    "network-control-plane-mtu",
    "network-diagnostic-port",
    "no-new-privileges",
    "no-proxy",
    "node-generic-resources",
    "nri-opts",
    "oom-score-adjust",
    "pidfile",
    "proxies",
    "raw-logs",
    "registry-mirrors",
    "resolv-conf",
    "rootless",
    "runtimes",
    "seccomp-profile",
    "selinux-enabled",
    "shutdown-timeout",
    "storage-driver",
    "storage-opts",
    "swarm-default-advertise-addr",
    "swarm-raft-election-tick",
    "swarm-raft-heartbeat-tick",
    "tls",
    "tlscacert",
    "tlscert",
    "tlskey",
    "tlsverify",
    "userland-proxy",
    "userland-proxy-path",
    "userns-remap",
];

/// Names that dockerd's command line has for a key of the file.
const FLAGS: [(&str, &str); 3] = [
    ("add-runtime", "runtimes"),
    ("insecure-registry", "insecure-registries"),
    ("registry-mirror", "registry-mirrors"),
];

/// The members of an entry of `runtimes`.
const MEMBERS: [&str; 4] = ["path", "runtimeArgs", "runtimeType", "options"];

/// A longer key is near to none. Comparing it would cost time and memory.
const LONGEST: usize = 100;

/// A known key, without the parts that people often get wrong and as it is.
type Folded = (String, &'static str);

// Made once: a file may have very many keys that nobody knows.
static FOLDED: LazyLock<Vec<Folded>> = LazyLock::new(|| with_folded(KNOWN));
static FOLDED_MEMBERS: LazyLock<Vec<Folded>> = LazyLock::new(|| with_folded(&MEMBERS));

fn with_folded(keys: &[&'static str]) -> Vec<Folded> {
    keys.iter().map(|known| (fold(known), *known)).collect()
}

/// What is known of a key at the top of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Some dockerd reads it.
    Known,
    /// No dockerd reads it, and it is a known key in another spelling.
    Misspelt(&'static str),
    /// Nothing knows it. Perhaps the nearest known key was meant.
    Unknown(Option<&'static str>),
}

/// Looks at a key of the top of the file.
pub(super) fn spelling(key: &str) -> Spelling {
    if KNOWN.binary_search(&key).is_ok() {
        return Spelling::Known;
    }
    if key.len() > LONGEST {
        return Spelling::Unknown(None);
    }
    let flag = FLAGS.iter().find(|(flag, _)| *flag == key);
    let folded = fold(key);
    let same = FOLDED.iter().find(|(own, _)| *own == folded);
    let same = same.map(|(_, known)| *known);
    match flag.map(|(_, known)| *known).or(same) {
        Some(known) => Spelling::Misspelt(known),
        None => Spelling::Unknown(nearest(&folded, &FOLDED)),
    }
}

/// The member of a runtime's entry that was perhaps meant.
pub(super) fn nearest_member(key: &str) -> Option<&'static str> {
    if key.len() > LONGEST {
        return None;
    }
    match fold(key).as_str() {
        "arg" | "argument" => Some("runtimeArgs"),
        "type" | "shim" => Some("runtimeType"),
        "binary" | "command" => Some("path"),
        folded => nearest(folded, &FOLDED_MEMBERS),
    }
}

/// A key without the parts that people often get wrong: case, dashes, underscores, the plural.
fn fold(key: &str) -> String {
    let mut folded: String = key
        .chars()
        .filter(|letter| !matches!(letter, '-' | '_' | ' ' | '.'))
        .flat_map(char::to_lowercase)
        .collect();
    if folded.ends_with('s') {
        folded.pop();
    }
    folded
}

/// The one candidate that is one or two letters away, if it is clearly the nearest.
fn nearest(folded: &str, candidates: &[Folded]) -> Option<&'static str> {
    // A short word is close to too many keys.
    let allowed = if folded.len() < 6 { 1 } else { 2 };
    let near = candidates
        .iter()
        .map(|(own, known)| (distance(folded, own), *known));
    let (found, known) = near.min_by_key(|(distance, _)| *distance)?;
    (found <= allowed && folded.len() > 2).then_some(known)
}

/// How many letters must be added, removed, replaced or swapped with the next.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Such lengths differ too much. The check also bounds the cost, which grows with the square of
    // the length.
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(letter != other);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == b[j - 1] && a[i - 1] == *other {
                let swapped: &Vec<usize> = &before;
                least = least.min(swapped[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(KNOWN.is_sorted(), "binary search needs the order");
        let mut folded: Vec<String> = KNOWN.iter().map(|key| fold(key)).collect();
        folded.sort();
        let twins: Vec<_> = folded.windows(2).filter(|two| two[0] == two[1]).collect();
        assert_eq!(twins, [["hostgatewayip", "hostgatewayip"]]);
    }

    #[test]
    fn spellings() {
        use Spelling::{Known, Misspelt, Unknown};
        for (key, want) in [
            ("runtimes", Known),
            ("debug", Known),
            ("default_runtime", Misspelt("default-runtime")),
            ("Default-Runtime", Misspelt("default-runtime")),
            ("default-runtimes", Misspelt("default-runtime")),
            ("Runtimes", Misspelt("runtimes")),
            ("runtime", Misspelt("runtimes")),
            ("add-runtime", Misspelt("runtimes")),
            ("dns_search", Misspelt("dns-search")),
            ("log-opt", Misspelt("log-opts")),
            ("defualt-runtime", Unknown(Some("default-runtime"))),
            ("live-restor", Unknown(Some("live-restore"))),
            ("my-own-daemon", Unknown(None)),
            ("x", Unknown(None)),
            ("", Unknown(None)),
        ] {
            assert_eq!(spelling(key), want, "{key:?}");
        }
    }

    #[test]
    fn members_of_an_entry() {
        for (key, want) in [
            ("args", Some("runtimeArgs")),
            ("runtimeArg", Some("runtimeArgs")),
            ("runtime-args", Some("runtimeArgs")),
            ("shim", Some("runtimeType")),
            ("option", Some("options")),
            ("note", None),
        ] {
            assert_eq!(nearest_member(key), want, "{key:?}");
        }
    }
}

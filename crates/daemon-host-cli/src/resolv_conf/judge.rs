//! Judges the host's name resolution by what containers would get.

use daemon_host::resolvconf::{
    Current, Diagnostic, DiagnosticKind, DropReason, ErrorKind, Nameserver, Network, NetworkKind,
    Overridden, Reason, Resolved, SelectOptions, TransformOptions, Warning, find, select,
    transform,
};

use crate::report::Finding;

/// What containers on one kind of network get.
pub(crate) struct PerNetwork {
    kind: NetworkKind,
    current: Current,
    resolved: Resolved,
    /// Whether the file could not be read because a permission is missing.
    denied: bool,
}

/// What containers get on each kind of network. `options` names the files; its kind of network does
/// not count. If the configuration has servers, they replace the host's.
pub(crate) fn per_network(options: &SelectOptions, dns: &[Nameserver]) -> Vec<PerNetwork> {
    let mut facts = find(options);
    NetworkKind::ALL
        .into_iter()
        .map(|kind| {
            facts.network = kind;
            let current = select(&facts);
            let mut options = TransformOptions::new(network(kind));
            options.nameservers = (!dns.is_empty()).then(|| dns.to_vec());
            let resolved = transform(&current.document, &options);
            let denied = facts.error_kind_of(&current.selection.path) == Some(ErrorKind::Denied);
            PerNetwork {
                kind,
                current,
                resolved,
                denied,
            }
        })
        .collect()
}

/// A network of that kind, as moby makes it. Most default bridges have no IPv6.
fn network(kind: NetworkKind) -> Network {
    match kind {
        NetworkKind::UserDefined => Network::Internal {
            nameserver: Nameserver::from(std::net::IpAddr::from([127, 0, 0, 11])),
            required_options: vec!["ndots:0".into()],
        },
        NetworkKind::Host => Network::Host,
        _ => Network::Legacy { ipv6: false },
    }
}

/// Findings about every kind of network. The same fault of one file is reported once.
pub(crate) fn findings(all: &[PerNetwork]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for network in all {
        for finding in network.findings() {
            if !findings.iter().any(|known| known.what == finding.what) {
                findings.push(finding);
            }
        }
    }
    findings
}

impl PerNetwork {
    /// The choice and the content for the default bridge. Most of the report is about it.
    pub(crate) fn current(&self) -> &Current {
        &self.current
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(error) = &self.current.unreadable {
            findings.push(self.unreadable(error));
        }
        for warning in self.resolved.warnings() {
            findings.extend(self.warning(warning));
        }
        if self.kind == NetworkKind::Host && self.current.unreadable.is_none() {
            findings.extend(self.readers());
        }
        findings
    }

    fn unreadable(&self, error: &str) -> Finding {
        let path = self.current.selection.path.display();
        let remedy = match self.denied {
            true => "make the file readable for the daemon",
            false => "put a file with name servers there, or set dns in daemon.json",
        };
        Finding::problem("resolv.conf", format!("{path} cannot be read"))
            .because(error)
            .remedy(remedy)
    }

    /// Faults that leave a common reader without a server or without an answer. Programs of the
    /// host, and of containers on the host's network, read the host's own file as it is.
    fn readers(&self) -> Vec<Finding> {
        if self
            .resolved
            .overridden()
            .contains(&Overridden::Nameservers)
        {
            return Vec::new();
        }
        let found = self.current.document.diagnostics();
        let leaves_nothing = |diagnostic: &&Diagnostic<'_>| {
            matches!(
                diagnostic.kind(),
                DiagnosticKind::MissingFile
                    | DiagnosticKind::NoNameservers
                    | DiagnosticKind::FileRefused
                    | DiagnosticKind::FileLost
                    | DiagnosticKind::OptionBelowLimit
            )
        };
        let path = self.current.selection.path.display();
        found
            .iter()
            .filter(leaves_nothing)
            .map(|diagnostic| {
                let names: Vec<&str> = diagnostic.readers().map(|reader| reader.name).collect();
                let what = format!("{path} fails programs of {}", names.join(", "));
                Finding::problem("resolv.conf", what)
                    .because(format!("line {}: {diagnostic}", diagnostic.line()))
                    .remedy("see: daemon-host resolv-conf lint")
            })
            .collect()
    }

    fn warning(&self, warning: &Warning) -> Option<Finding> {
        let what = match warning {
            Warning::DefaultNameservers => format!(
                "containers on {} ask public name servers: {}",
                self.networks(),
                self.servers()
            ),
            Warning::NoUpstreams | Warning::NoNameservers => {
                format!("containers on {} resolve no outside names", self.networks())
            }
            _ => return None,
        };
        let finding = Finding::problem("resolv.conf", what);
        Some(finding.because(self.cause()).remedy(self.remedy()))
    }

    fn networks(&self) -> &'static str {
        match self.kind {
            NetworkKind::UserDefined => "user-defined networks",
            NetworkKind::Host => "the host's network",
            _ => "the default bridge",
        }
    }

    fn servers(&self) -> String {
        let servers = self.resolved.nameservers().iter();
        let servers: Vec<String> = servers.map(ToString::to_string).collect();
        servers.join(", ")
    }

    /// The file, why it was taken, and what in it a container cannot use.
    fn cause(&self) -> String {
        let selection = &self.current.selection;
        let mut cause = format!("{}: {}", selection.path.display(), selection.explanation());
        if let (Reason::Missing, Some(target)) = (selection.reason, &selection.link_target) {
            cause = format!("{cause}; it is a link to {}", target.display());
        }
        let dropped: Vec<String> = self.resolved.dropped().iter().map(dropped_words).collect();
        if !dropped.is_empty() {
            cause = format!("{cause}; {}", dropped.join(", "));
        }
        cause
    }

    fn remedy(&self) -> &'static str {
        match self.current.selection.reason {
            Reason::StubOnly => "start systemd-resolved, or set resolv-conf in daemon.json",
            Reason::UplinkUnusable => {
                "give systemd-resolved a server that containers reach, or set dns in daemon.json"
            }
            Reason::LoopbackOnly => "set dns or resolv-conf in daemon.json",
            _ => "configure name servers, or set dns in daemon.json",
        }
    }
}

fn dropped_words(dropped: &daemon_host::resolvconf::Dropped) -> String {
    let why = match dropped.reason {
        DropReason::Loopback => "is loopback, which in a container is the container",
        DropReason::Unspecified => "means the local host, which in a container is the container",
        DropReason::NoIpv6 => "is IPv6, which the network does not have",
        DropReason::NoIpv4 => "is IPv4, which the network does not have",
        DropReason::HostZone => "has a zone, which is a link of the host",
        _ => "does not work in a container",
    };
    format!("{} {why}", dropped.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What CR LF does to a host: glibc loses its only server, the others do not.
    #[test]
    fn a_reader_without_a_server_is_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = SelectOptions::new();
        options.etc = dir.path().join("etc");
        let told = |text: &str| -> Vec<Finding> {
            std::fs::write(dir.path().join("etc"), text).unwrap();
            findings(&per_network(&options, &[]))
        };
        assert_eq!(told("nameserver 192.0.2.1\n"), []);
        let found = told("nameserver 192.0.2.1\r\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].what.ends_with("fails programs of glibc"),
            "{found:?}"
        );
        let found = told("nameserver 192.0.2.1\noptions timeout:0\n");
        assert!(
            found[0].cause.contains("musl: 0, nobody is asked"),
            "{found:?}"
        );
        let own = [Nameserver::parse(b"192.0.2.9").unwrap()];
        std::fs::write(dir.path().join("etc"), "").unwrap();
        assert_eq!(findings(&per_network(&options, &own)), []);
    }
}

//! The settings of systemd-resolved: for all links, and of one link.

/// One set of servers, with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) servers: Vec<String>,
    /// The domains for which these servers are asked before others.
    pub(super) domains: Vec<String>,
    /// As it is written; `None` if it is not set.
    pub(super) dns_over_tls: Option<String>,
}

/// Whether the value turns DNS over TLS on, also if only when the server can do it.
pub(super) fn is_on(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    matches!(
        &value[..],
        "yes" | "true" | "on" | "1" | "y" | "t" | "opportunistic"
    )
}

impl Scope {
    /// Reads one section of a file of settings. A later file adds to an earlier one.
    pub(super) fn read_config(&mut self, section: &str, text: &str) {
        let mut is_ours = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                is_ours = line == section;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| is_ours) else {
                continue;
            };
            match (key.trim(), value.trim()) {
                ("DNS", value) => assign(&mut self.servers, value),
                ("Domains", value) => assign(&mut self.domains, value),
                ("DNSOverTLS", value) => self.dns_over_tls = word(value),
                _ => {}
            }
        }
    }

    /// Reads the state of a link, as systemd-networkd and systemd-resolved keep it.
    pub(super) fn read_link(&mut self, text: &str) {
        for line in text.lines() {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            match key {
                "DNS" | "SERVERS" => add(&mut self.servers, value),
                "DOMAINS" | "ROUTE_DOMAINS" => add(&mut self.domains, value),
                "DNS_OVER_TLS" | "DNSOVERTLS" => {
                    self.dns_over_tls = word(value).or(self.dns_over_tls.take());
                }
                _ => {}
            }
        }
    }
}

/// An empty value takes back what was set before (systemd.syntax(7)).
fn assign(list: &mut Vec<String>, value: &str) {
    if value.is_empty() {
        list.clear();
    }
    add(list, value);
}

/// The root stands for all domains, so it takes none from other servers.
fn add(list: &mut Vec<String>, value: &str) {
    let words = value
        .split_whitespace()
        .filter(|word| !matches!(*word, "." | "~."));
    list.extend(words.map(str::to_owned));
}

fn word(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_settings_count() {
        let mut scope = Scope::default();
        let read = |scope: &mut Scope, text: &str| scope.read_config("[Resolve]", text);
        read(
            &mut scope,
            "# DNSOverTLS=yes\n[Other]\nDNS=192.0.2.9\n[Resolve]\nDNS=192.0.2.1\n",
        );
        assert_eq!((scope.servers.len(), &scope.dns_over_tls), (1, &None));
        read(
            &mut scope,
            "[Resolve]\nDNS=\nDNSOverTLS = opportunistic\nDomains=~. ~corp.test\n",
        );
        assert_eq!(scope.servers, [""; 0]);
        assert_eq!(scope.domains, ["~corp.test"]);
        assert!(is_on(scope.dns_over_tls.as_deref().unwrap()));
        read(&mut scope, "[Resolve]\nDNSOverTLS=no\n");
        assert!(!is_on(scope.dns_over_tls.as_deref().unwrap()));
    }

    #[test]
    fn links_are_read_in_both_forms() {
        let mut scope = Scope::default();
        scope.read_link(
            "ADMIN_STATE=configured\nDNS=192.0.2.1 192.0.2.2\nROUTE_DOMAINS=corp.test\n",
        );
        scope.read_link("LLMNR=yes\nDNSOVERTLS=yes\nSERVERS=192.0.2.3#x.test\nDOMAINS=~a.test\n");
        assert_eq!((scope.servers.len(), scope.domains.len()), (3, 2));
        assert_eq!(scope.dns_over_tls.as_deref(), Some("yes"));
    }
}

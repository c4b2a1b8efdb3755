//! Findings about `nameserver` lines.

use std::net::IpAddr;

use crate::document::{Line, Look, Nameserver};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::pass::Lint;
use crate::readers::{Context, Word, is_server};

/// How many servers the C libraries use.
const USED_SERVERS: usize = 3;

impl<'a> Lint<'a> {
    /// Checks a line with this word after the directive. `full` is the set of readers that had
    /// enough servers before.
    pub(crate) fn nameserver(&mut self, line: Line<'a>, look: Look, word: &'a [u8], full: Set) {
        let at = line.number;
        let all = self.who_reads(line, look, word);
        let found = Word::of(word);
        let server = found.strict().map(|place| place.nameserver());
        if !full.is_empty() {
            self.too_many(line, &found, full.and(all), server.as_ref());
        }
        let Some(server) = server else {
            return self.not_an_address(line, word, found.aton().is_some(), all);
        };
        if all.is_empty() {
            return self.further_words(line, look);
        }
        if server.is_unspecified() {
            self.push(at, Kind::UnspecifiedNameserver, word, all);
        }
        if is_for_many(&server) {
            self.push(at, Kind::MulticastNameserver, word, all);
        }
        match (server.is_ipv6_link_local(), server.zone()) {
            (true, None) => self.push(at, Kind::ZoneMissing, word, all),
            (false, Some(_)) => self.push(at, Kind::ZoneOnGlobal, word, all),
            _ => {}
        }
        let before = self.servers.used.iter().find(|(_, used)| *used == server);
        if let Some(&(first, _)) = before {
            self.push_number(at, Kind::DuplicateNameserver, word, first, all);
        } else if self.servers.used.len() < USED_SERVERS {
            self.servers.used.push((at, server));
        }
        self.further_words(line, look);
    }

    /// Finds a server that readers would take if they did not have enough servers.
    fn too_many(
        &mut self,
        line: Line<'a>,
        word: &Word<'a>,
        full: Set,
        server: Option<&Nameserver>,
    ) {
        let takes = match server {
            // Every reader accepts a global address without a zone.
            Some(s) if s.zone().is_none() && !s.is_ipv6_link_local() => self.traits.all,
            Some(s) if is_usual_zone(s) && s.is_ipv6_link_local() => self.traits.takes_links,
            Some(s) if is_number(s) => self.traits.takes_numbers,
            Some(s) if is_usual_zone(s) && !is_multicast(s) => self.traits.takes_zones,
            _ => {
                let context = Context::default();
                Set::of(self.readers, |r| is_server(word, r.servers.form, &context))
            }
        };
        let affected = full.and(takes);
        self.push_if_any(line.number, Kind::TooManyNameservers, word.text(), affected);
    }

    fn further_words(&mut self, line: Line<'a>, look: Look) {
        let (at, first_only) = (line.number, self.traits.first_word_only);
        let mut further = line.fields().skip(1).peekable();
        let Some(word) = further.peek().copied().filter(|_| !first_only.is_empty()) else {
            return;
        };
        let first_only = first_only.and(self.who_sees(line, look));
        if first_only.is_empty() {
            return;
        }
        // The shortest address has two bytes.
        let is_address = |word: &&[u8]| word.len() > 1 && Nameserver::parse(word).is_some();
        match further.find(is_address) {
            Some(server) => self.push(at, Kind::TrailingAddress, server, first_only),
            None => self.push(at, Kind::TrailingText, word, first_only),
        }
    }

    fn not_an_address(&mut self, line: Line<'a>, word: &'a [u8], is_short: bool, affected: Set) {
        let empty_zone = || {
            word.strip_suffix(b"%")
                .and_then(Nameserver::parse)
                .is_some()
        };
        let kind = if is_short {
            Kind::ShortAddress
        } else if word.contains(&b',') {
            Kind::Comma
        } else if has_port(word) {
            Kind::Port
        } else if empty_zone() {
            Kind::EmptyZone
        } else {
            Kind::InvalidNameserver
        };
        self.push(line.number, kind, word, affected);
    }
}

/// Whether the zone is the name or number of a link, as people write it.
fn is_usual_zone(server: &Nameserver) -> bool {
    let zone = server.zone().map(|zone| zone.as_bytes());
    zone.is_some_and(|zone| zone.iter().all(u8::is_ascii_alphanumeric))
}

/// Whether the zone of an address that is not link-local is a number.
fn is_number(server: &Nameserver) -> bool {
    let zone = server.zone().map(|zone| zone.as_bytes());
    let number = zone.is_some_and(|zone| zone.iter().all(u8::is_ascii_digit));
    number && !server.is_ipv6_link_local() && !is_multicast(server)
}

fn is_multicast(server: &Nameserver) -> bool {
    server.address().is_multicast()
}

/// Whether the address is multicast, or the broadcast address of IPv4.
fn is_for_many(server: &Nameserver) -> bool {
    match server.address() {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// Whether the word is an address with a port, in brackets, or with a name after `#`.
fn has_port(word: &[u8]) -> bool {
    let word = &word[..word.len().min(128)];
    let is_address = |word: &[u8]| Nameserver::parse(word).is_some();
    if let Some(inner) = word.strip_prefix(b"[") {
        return inner.split(|&b| b == b']').next().is_some_and(is_address);
    }
    let end = word.iter().position(|&b| b == b'#');
    let end = end.or_else(|| word.iter().rposition(|&b| b == b':'));
    end.is_some_and(|end| is_address(&word[..end]))
}

#[cfg(test)]
mod tests {
    use crate::readers::{ALL, Context, Word, is_server};

    /// The readers that are named without asking each are those that take the server.
    #[test]
    fn servers_of_one_kind_are_taken_alike() {
        let many = (1..=300).map(|n| format!("nameserver 10.0.{}.{}\n", n / 250, n % 250));
        let many: String = many.collect();
        for word in [
            "192.0.2.9",
            "2001:db8::9",
            "::ffff:192.0.2.9",
            "fe80::9%eth0",
            "fe80::9%2",
            "2001:db8::9%eth0",
            "2001:db8::9%2",
            "::1%a1",
            "ff02::9%eth0",
            "ff02::9%2",
            "ff05::9%eth0",
            "2001:db8::9%a.b",
            "fe80::9",
        ] {
            let text = format!("{many}nameserver {word}\n");
            let document = crate::parse(text.as_bytes());
            for reader in ALL {
                let found = document.diagnostics_for(std::slice::from_ref(&reader));
                let told = found.iter().any(|f| {
                    f.subject() == word.as_bytes() && f.kind().as_str() == "too-many-nameservers"
                });
                let form = reader.servers.form;
                let takes = is_server(&Word::of(word.as_bytes()), form, &Context::default());
                let expected = takes && reader.servers.most.is_some();
                assert_eq!(told, expected, "{} {word}", reader.name);
            }
        }
    }
}

//! Findings about `nameserver` lines.

use std::net::IpAddr;

use crate::document::{Line, Look, Nameserver, glibc_ipv4};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::pass::Lint;
use crate::readers::is_server;

/// How many servers the C libraries use.
const USED_SERVERS: usize = 3;

impl<'a> Lint<'a> {
    /// Checks a line with this word after the directive. `full` is the set of readers that had
    /// enough servers before.
    pub(crate) fn nameserver(&mut self, line: Line<'a>, look: Look, word: &'a [u8], full: Set) {
        let at = line.number;
        let all = self.who_reads(line, look, word);
        let server = Nameserver::parse(word);
        if !full.is_empty() {
            self.too_many(line, word, full.and(all), server.as_ref());
        }
        let Some(server) = server else {
            return self.not_an_address(line, word, all);
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
    fn too_many(&mut self, line: Line<'a>, word: &'a [u8], full: Set, server: Option<&Nameserver>) {
        let takes = match server {
            // Every reader accepts a global address without a zone.
            Some(s) if s.zone().is_none() && !s.is_ipv6_link_local() => self.traits.all,
            Some(s) if is_usual_link(s) => self.traits.takes_links,
            _ => Set::of(self.readers, |r| is_server(word, r.servers.form)),
        };
        self.push_if_any(line.number, Kind::TooManyNameservers, word, full.and(takes));
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

    fn not_an_address(&mut self, line: Line<'a>, word: &'a [u8], affected: Set) {
        let empty_zone = || {
            word.strip_suffix(b"%")
                .and_then(Nameserver::parse)
                .is_some()
        };
        let kind = if glibc_ipv4(word).is_some() {
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

/// Whether it is a link-local address with the name or number of a link, as people write it.
fn is_usual_link(server: &Nameserver) -> bool {
    let zone = server.zone().map(|zone| zone.as_bytes());
    let usual = zone.is_some_and(|zone| zone.iter().all(u8::is_ascii_alphanumeric));
    usual && server.is_ipv6_link_local()
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

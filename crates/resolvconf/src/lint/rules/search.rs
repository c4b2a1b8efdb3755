//! Findings about `search` and `domain` lines.

use crate::document::{Line, LineKind, Look};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::pass::Lint;
use crate::readers::{Reader, is_domain};

impl<'a> Lint<'a> {
    pub(crate) fn search(&mut self, line: Line<'a>, look: Look) {
        let at = line.number;
        let seen = self.who_sees(line, look).and(self.traits.searches);
        let (mut replaced, mut unused) = (Set::default(), self.traits.last_search);
        for place in 0..self.search_lines.len() {
            let (last, readers) = self.search_lines[place];
            let readers = readers.and(self.traits.last_search);
            if last == at {
                unused = unused.without(readers);
            } else if last > at && !readers.and(seen).is_empty() {
                replaced = replaced.or(readers);
                self.push_number(at, Kind::SearchReplaced, b"", last, readers.and(seen));
            }
        }
        // For some readers the list has no effect, because it is replaced or forgotten.
        let affected = seen.without(replaced).without(unused);
        if affected.is_empty() {
            return;
        }
        if line.kind == LineKind::Domain {
            let one = self.traits.domain_takes_one.and(affected);
            if let Some(word) = line.fields().nth(1).filter(|_| !one.is_empty()) {
                self.push(at, Kind::DomainExtraWords, word, one);
            }
        }
        self.comment_in_value(line, look);
        self.domains(line, look, affected);
    }

    fn domains(&mut self, line: Line<'a>, look: Look, searches: Set) {
        let at = line.number;
        let commas = look.has(Look::COMMA);
        let most = self.traits.fewest_domains;
        let (mut count, mut bytes, mut beyond) = (0, 0, None);
        for word in line.fields() {
            if *word == *b"." {
                self.push(at, Kind::RootDomain, word, searches);
            } else if commas && word.contains(&b',') {
                self.push(at, Kind::Comma, word, searches);
            } else if !is_domain(word) {
                let skip = word.strip_prefix(b".").is_some_and(is_domain);
                let affected = match skip {
                    true => searches.without(self.traits.skips_dot),
                    false => searches,
                };
                self.push_if_any(at, Kind::InvalidSearchDomain, word, affected);
            }
            if count == most {
                beyond = Some(word);
            }
            count += 1;
            bytes += word.len() + 1;
        }
        // No blank follows the last domain.
        let bytes = bytes - 1;
        if bytes > self.traits.fewest_search_bytes {
            let long = |r: &Reader| r.search.bytes.is_some_and(|most| bytes > most);
            let short = Set::of(self.readers, long).and(searches);
            if !short.is_empty() {
                self.push_number(at, Kind::SearchTooLong, b"", bytes, short);
            }
        }
        if let Some(word) = beyond {
            let many = |r: &Reader| r.search.most.is_some_and(|most| count > most);
            let short = Set::of(self.readers, many).and(searches);
            self.push_if_any(at, Kind::TooManySearchDomains, word, short);
        }
    }
}

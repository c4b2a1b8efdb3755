//! What is odd about `search` and `domain` lines.

use crate::document::{Line, LineKind};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::whole::Lint;
use crate::readers::is_domain;

impl<'a> Lint<'a> {
    /// `last` is the line whose list counts for most readers.
    pub(crate) fn search(&mut self, line: Line<'a>, words: &[&'a [u8]], last: Option<usize>) {
        let at = line.number;
        let last = last.filter(|last| *last != at);
        if let Some(last) = last {
            let replaced = self.traits.last_search;
            if !replaced.is_empty() {
                self.push_number(at, Kind::SearchReplaced, b"", last, replaced);
            }
            if self.traits.searches.without(replaced).is_empty() {
                return;
            }
        }
        if line.kind == LineKind::Domain {
            let one = self.traits.domain_takes_one;
            if let Some(word) = words.get(1).filter(|_| !one.is_empty()) {
                self.push(at, Kind::DomainExtraWords, word, one);
            }
        }
        self.comment_in_value(at, words);
        for word in words {
            if *word == b"." {
                self.push(at, Kind::RootDomain, word, self.traits.searches);
            } else if word.contains(&b',') {
                self.push(at, Kind::Comma, word, self.traits.searches);
            } else if !is_domain(word) {
                self.push(at, Kind::InvalidSearchDomain, word, self.traits.searches);
            }
        }
        self.limits(at, words);
    }

    fn limits(&mut self, at: usize, words: &[&'a [u8]]) {
        let bytes = words.iter().map(|word| word.len() + 1).sum::<usize>() - 1;
        if bytes > self.traits.fewest_search_bytes {
            let short = Set::of(self.readers, |r| {
                r.search.bytes.is_some_and(|most| bytes > most)
            });
            self.push_number(at, Kind::SearchTooLong, b"", bytes, short);
        }
        let most = self.traits.fewest_domains;
        if words.len() > most {
            let count = words.len();
            let short = Set::of(self.readers, |r| {
                r.search.most.is_some_and(|most| count > most)
            });
            self.push(at, Kind::TooManySearchDomains, words[most], short);
        }
    }
}

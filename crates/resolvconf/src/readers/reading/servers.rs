//! The servers of a `nameserver` line, as one reader takes them.

use std::net::IpAddr;

use crate::readers::effective::Server;
use crate::readers::form::{OnInvalid, ServerWords};
use crate::readers::lines::Entry;
use crate::readers::reading::once::Once;
use crate::readers::reading::state::{Depth, Reading};
use crate::readers::servers::{Place, may_be_server, server};
use crate::readers::words::words;

const MOST_UNASKED: usize = 64;

impl<'a> Reading<'a, '_> {
    /// Whether more servers would not change the outcome.
    fn has_enough(&self) -> bool {
        let most = self.reader.servers.most.unwrap_or(1);
        self.depth == Depth::Outcome && self.servers.len() >= most
    }

    pub(super) fn nameserver(&mut self, entry: Entry<'a>, once: &Once<'a>) {
        let (lines, rules) = (&self.reader.lines, &self.reader.servers);
        if self.has_enough() && rules.invalid == OnInvalid::Skips {
            return;
        }
        match rules.words {
            ServerWords::UntilInvalid => {
                let value = entry.value.trim_ascii_end();
                let words = value.split(|&b| b == b' ' || b == b',');
                for word in words.filter(|word| !word.is_empty()) {
                    if !self.server(word, entry.line, once) || self.has_enough() {
                        break;
                    }
                }
            }
            ServerWords::First => {
                if let Some(word) = words(entry.value, lines).next() {
                    self.server(word, entry.line, once);
                }
            }
            which => {
                let commas = which == ServerWords::AllAndCommas;
                let words = words(entry.value, lines);
                for word in words.flat_map(|word| word.split(move |&b| commas && b == b',')) {
                    self.server(word, entry.line, once);
                    if self.has_enough() {
                        break;
                    }
                }
            }
        }
    }

    /// Takes one word. Returns whether the reader accepts it as an address.
    fn server(&mut self, word: &'a [u8], line: usize, once: &Once<'a>) -> bool {
        let rules = &self.reader.servers;
        let found = match may_be_server(word) {
            true => server(&once.word(word), rules.form, self.context),
            false => None,
        };
        match (found, rules.invalid) {
            (Some(place), _) => {
                self.push(place, line);
                return true;
            }
            (None, OnInvalid::RefusesFile) => {
                self.refused = Some(line);
                self.ended = self.refused;
            }
            (None, OnInvalid::Stops) => self.ended = Some(line),
            (None, OnInvalid::Skips) => {}
        }
        false
    }

    fn push(&mut self, place: Place<'_>, line: usize) {
        let rules = &self.reader.servers;
        let dropped = place.address.to_canonical().is_unspecified()
            && match place.address {
                IpAddr::V4(_) => rules.drops_any_ipv4,
                IpAddr::V6(_) => rules.drops_any_ipv6,
            };
        if dropped || self.has_enough() {
            return;
        }
        let (address, port) = (place.nameserver(), place.port);
        if rules.merges_repeated && !self.listed.insert((address.clone(), port)) {
            return;
        }
        let server = Server {
            address,
            port,
            line,
        };
        if rules.most.is_none_or(|most| self.servers.len() < most) {
            self.servers.push(server);
        } else if self.unasked.len() < MOST_UNASKED {
            // Only some of them are kept, because a file may list very many.
            self.unasked.push(server);
        }
    }
}

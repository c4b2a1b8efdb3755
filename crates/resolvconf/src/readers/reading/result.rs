//! What a reader has taken when the lines are read: in short, or everything.

use crate::document::Nameserver;
use crate::readers::effective::{Effective, Outcome, Server, Trouble};
use crate::readers::form::{Below, Order, Reader};
use crate::readers::lines::Entry;
use crate::readers::options::Value;
use crate::readers::reading::state::Reading;
use crate::readers::search::Harm;
use crate::readers::servers::PORT;

impl<'a> Reading<'a, '_> {
    fn trouble(&self) -> Option<Trouble> {
        let reader = self.reader;
        if let Some(line) = self.lost {
            return Some(Trouble::Lost(line));
        }
        if let Some(line) = self.refused {
            return Some(Trouble::Refused(line));
        }
        let harm = self.lists.harm(&reader.search, &reader.lines);
        if let Some((Harm::RefusesFile, line)) = harm {
            return Some(Trouble::Refused(line));
        }
        if self.servers.is_empty() && reader.servers.refuses_none {
            return Some(Trouble::Refused(0));
        }
        for value in [self.options.attempts, self.options.timeout] {
            match value.harm {
                Some(Below::EndsProgram) => return Some(Trouble::EndsProgram(value.line)),
                Some(Below::WaitsForNone) => return Some(Trouble::WaitsForNone(value.line)),
                Some(Below::AsksNobody) => return Some(Trouble::AsksNobody(value.line)),
                _ => {}
            }
        }
        let (_, line) = harm?;
        Some(Trouble::SearchFails(line))
    }

    /// The result so far, in short.
    pub(crate) fn outcome(&self) -> Outcome {
        let reader = self.reader;
        let lost = self.lost.is_some();
        let may_miss = reader.lookups.order == Order::FewDotsOnly && self.options.ndots.number == 0;
        let has_names = || self.lists.makes_names(&reader.search, &reader.lines);
        Outcome {
            trouble: self.trouble(),
            has_server: !lost && self.refused.is_none() && !self.servers.is_empty(),
            full_line: self.full_line(),
            end_line: self.ended.unwrap_or(usize::MAX),
            search_line: if lost { 0 } else { self.lists.line_of_list() },
            search_unused: !lost && may_miss && has_names(),
            numbers: self.numbers(),
        }
    }

    fn full_line(&self) -> usize {
        let most = self.reader.servers.most;
        let full = most.is_some_and(|most| self.servers.len() >= most);
        let last = self.servers.last().filter(|_| full);
        last.map_or(0, |last| last.line)
    }

    fn numbers(&self) -> [Value; 3] {
        let options = &self.options;
        [options.ndots, options.timeout, options.attempts]
    }

    /// Everything that the reader takes, the values of its numeric options, and the directives that
    /// it sees, in the order of their lines.
    pub(crate) fn traced(mut self) -> (Effective, [Value; 3], Vec<Entry<'a>>) {
        let entries = std::mem::take(&mut self.entries);
        let numbers = self.numbers();
        (self.effective(), numbers, entries)
    }

    /// Everything that the reader takes from the file.
    pub(super) fn effective(self) -> Effective {
        let reader = self.reader;
        let trouble = self.trouble();
        let read = match trouble {
            // A file that is given up or refused counts as an empty one.
            Some(Trouble::Lost(_) | Trouble::Refused(_)) => {
                Self::new(reader, self.context, self.depth)
            }
            _ => self,
        };
        let search = read.lists.take(&reader.search, &reader.lines, read.context);
        let mut servers = read.servers;
        if servers.is_empty() && !matches!(trouble, Some(Trouble::Refused(_))) {
            servers.extend(fallback(reader));
        }
        Effective {
            reader: reader.name,
            servers,
            unasked: read.unasked,
            search: search.domains,
            search_line: search.line,
            ndots: read.options.ndots.number,
            timeout: read.options.duration(&reader.options),
            attempts: read.options.attempts.number,
            unknown: reader.lines.reports_unknown && (read.unknown || read.options.unknown),
            flags: read.options.flags,
            trouble,
        }
    }
}

fn fallback(reader: &Reader) -> impl Iterator<Item = Server> {
    let addresses = reader.servers.fallback.iter();
    addresses.filter_map(|address| {
        Some(Server {
            address: Nameserver::parse(address.as_bytes())?,
            port: PORT,
            line: 0,
        })
    })
}

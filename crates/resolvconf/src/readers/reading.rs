//! Reads a file as one reader does, line by line.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::document::{Document, Look, Nameserver};
use crate::readers::context::Context;
use crate::readers::effective::{Effective, Outcome, Server, Trouble};
use crate::readers::form::{
    Below, Blanks, LineEnds, Nul, Numbers, OnInvalid, Order, Reader, ServerWords, TooLong,
};
use crate::readers::lines::{self, Entry, Keyword, Row};
use crate::readers::options::{self, Value};
use crate::readers::search::{self, Harm};
use crate::readers::servers::{PORT, server};
use crate::readers::words::words;

impl Document {
    /// What a reader takes from this file, if nothing is known about the host.
    ///
    /// # Examples
    ///
    /// ```
    /// use resolvconf::readers::{GLIBC, GO};
    ///
    /// let document = resolvconf::parse(b"  nameserver 192.0.2.1\noptions ndots:2\n");
    /// let glibc = document.effective(&GLIBC);
    /// assert_eq!(glibc.servers[0].address.to_string(), "127.0.0.1"); // It skips the line.
    /// let go = document.effective(&GO);
    /// assert_eq!(go.servers[0].address.to_string(), "192.0.2.1");
    /// assert_eq!(go.ndots, 2);
    /// ```
    pub fn effective(&self, reader: &Reader) -> Effective {
        self.effective_on(reader, &Context::default())
    }

    /// [`effective`](Document::effective) with facts about the host.
    pub fn effective_on(&self, reader: &Reader, context: &Context) -> Effective {
        let mut reading = Reading::new(reader, context, Depth::Whole);
        for line in self.lines() {
            reading.line(Row::of(line.number, line.raw));
        }
        reading.effective()
    }
}

/// How much of the result is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Everything that the reader takes, and the directives that it sees.
    Traced,
    /// Everything that the reader takes.
    Whole,
    /// Enough for the [`Outcome`].
    Outcome,
}

/// The state while a file is read.
pub(crate) struct Reading<'a, 'r> {
    reader: &'r Reader,
    context: &'r Context,
    depth: Depth,
    servers: Vec<Server>,
    unasked: Vec<Server>,
    /// The servers so far, for readers that leave out a server that is listed twice.
    listed: HashSet<(Nameserver, u16)>,
    lists: search::Lists<'a>,
    options: options::Taken,
    unknown: bool,
    /// The line after which nothing more is read.
    ended: Option<usize>,
    refused: Option<usize>,
    lost: Option<usize>,
    eat_next: bool,
    /// The directives so far, if they are wanted.
    entries: Vec<Entry<'a>>,
}

impl<'a, 'r> Reading<'a, 'r> {
    pub(crate) fn new(reader: &'r Reader, context: &'r Context, depth: Depth) -> Self {
        Self {
            reader,
            context,
            depth,
            servers: Vec::new(),
            unasked: Vec::new(),
            listed: HashSet::new(),
            lists: search::Lists::default(),
            options: options::Taken::defaults(&reader.options),
            unknown: false,
            ended: None,
            refused: None,
            lost: None,
            eat_next: false,
            entries: Vec::new(),
        }
    }

    /// Reads one line of the file.
    pub(crate) fn line(&mut self, row: Row<'a>) {
        if self.ended.is_some() || std::mem::take(&mut self.eat_next) {
            return;
        }
        let rules = &self.reader.lines;
        let mut text = row.text;
        match rules.longest {
            Some((longest, TooLong::LosesFile)) if text.len() > longest => {
                self.lost = Some(row.number);
                self.ended = self.lost;
                return;
            }
            Some((longest, TooLong::SkipsLine)) if text.len() > longest => return,
            _ => {}
        }
        if rules.nul != Nul::Byte && row.look.has(Look::NUL) {
            if rules.nul == Nul::EatsNextLine {
                self.eat_next = true;
                return;
            }
            text = text.split(|&b| b == 0).next().unwrap_or_default();
        }
        if rules.ends == LineEnds::FeedOrReturn && row.look.has(Look::RETURN) {
            for text in lines::pieces(text, rules.ends) {
                self.piece(Row { text, ..row });
            }
        } else {
            self.piece(Row { text, ..row });
        }
    }

    /// Whether a directive without a value has an effect for the reader.
    pub(crate) fn takes_bare(&self) -> bool {
        self.reader.lines.bare
    }

    /// Whether a NUL ends the line.
    pub(crate) fn ends_at_nul(&self) -> bool {
        self.reader.lines.nul == Nul::EndsLine
    }

    /// Whether a NUL makes the reader lose the next line.
    pub(crate) fn eats_lines(&self) -> bool {
        self.reader.lines.nul == Nul::EatsNextLine
    }

    /// Whether a carriage return at the end of a line is more than a blank.
    pub(crate) fn keeps_returns(&self) -> bool {
        self.reader.lines.blanks == Blanks::SpaceTab || self.reader.lines.strict
    }

    /// Whether any directive without a value counts.
    pub(crate) fn is_strict(&self) -> bool {
        self.reader.lines.strict
    }

    fn piece(&mut self, row: Row<'a>) {
        let entry = lines::entry(row.number, row.text, &self.reader.lines);
        if let Some(entry) = entry {
            self.entry(entry, row.look);
        }
    }

    /// Takes one directive of a line with these bytes.
    pub(crate) fn entry(&mut self, entry: Entry<'a>, look: Look) {
        let reader = self.reader;
        if self.depth == Depth::Traced && self.ended.is_none() && entry.keyword != Keyword::Unknown
        {
            self.entries.push(entry);
        }
        if reader.lines.strict && self.ended.is_none() && !lines::is_sound(&entry, &reader.lines) {
            self.refused = Some(entry.line);
            self.ended = self.refused;
        }
        match entry.keyword {
            _ if self.ended.is_some() => {}
            Keyword::Nameserver => self.nameserver(entry),
            Keyword::Search | Keyword::Domain => {
                self.lists.line(entry, &reader.search, &reader.lines);
            }
            Keyword::Options => self.options(entry, look),
            Keyword::Sortlist | Keyword::Unknown => {
                self.unknown |= reader.lines.reports_unknown;
            }
        }
    }

    fn options(&mut self, entry: Entry<'a>, look: Look) {
        let (rules, lines) = (&self.reader.options, &self.reader.lines);
        if self.depth != Depth::Outcome {
            self.options.line(entry.line, entry.value, rules, lines);
        } else if look.has(Look::COLON) || rules.numbers == Numbers::Digits {
            // Only the last kind of reader takes a number from a word without a colon.
            self.options.numbers(entry.line, entry.value, rules, lines);
        }
    }

    /// Whether more servers would not change the outcome.
    fn has_enough(&self) -> bool {
        let most = self.reader.servers.most.unwrap_or(1);
        self.depth == Depth::Outcome && self.servers.len() >= most
    }

    fn nameserver(&mut self, entry: Entry<'a>) {
        let (lines, rules) = (&self.reader.lines, &self.reader.servers);
        if self.has_enough() && rules.invalid == OnInvalid::Skips {
            return;
        }
        match rules.words {
            ServerWords::UntilInvalid => {
                let value = entry.value.trim_ascii_end();
                let words = value.split(|&b| b == b' ' || b == b',');
                for word in words.filter(|word| !word.is_empty()) {
                    if !self.server(word, entry.line) {
                        break;
                    }
                }
            }
            ServerWords::First => {
                if let Some(word) = words(entry.value, lines).next() {
                    self.server(word, entry.line);
                }
            }
            which => {
                let commas = which == ServerWords::AllAndCommas;
                let words = words(entry.value, lines);
                for word in words.flat_map(|word| word.split(move |&b| commas && b == b',')) {
                    self.server(word, entry.line);
                }
            }
        }
    }

    /// Takes one word. Returns whether the reader accepts it as an address.
    fn server(&mut self, word: &[u8], line: usize) -> bool {
        let rules = &self.reader.servers;
        match (server(word, rules.form, self.context), rules.invalid) {
            (Some((address, port)), _) => {
                self.push(address, port, line);
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

    fn push(&mut self, address: Nameserver, port: u16, line: usize) {
        let rules = &self.reader.servers;
        let dropped = address.is_unspecified()
            && match address.address() {
                IpAddr::V4(_) => rules.drops_any_ipv4,
                IpAddr::V6(_) => rules.drops_any_ipv6,
            };
        if dropped || self.has_enough() {
            return;
        }
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
    fn effective(self) -> Effective {
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

const MOST_UNASKED: usize = 64;

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

//! What one reader takes of a file: servers, search list, options.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use crate::document::{Document, Nameserver, Text};
use crate::readers::context::Context;
use crate::readers::lines::{self, Entry, Keyword, Next};
use crate::readers::options;
use crate::readers::reader::{Below, OnInvalid, Reader, ServerWords};
use crate::readers::search::{self, Harm};
use crate::readers::servers::{PORT, server};

/// What one reader takes of a file, and what it cannot cope with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The reader's name.
    pub reader: &'static str,
    /// Who is asked, in order. The reader's own fallback when the file gives nobody.
    pub servers: Vec<Server>,
    /// Servers of the file that are never asked, because there are enough before them.
    pub unasked: Vec<Server>,
    /// The search list.
    pub search: Vec<Text>,
    /// The line of the search list; 0 when there is none, or when it is the host's own domain.
    pub search_line: usize,
    /// How many dots a name needs to be tried as it is before the search list.
    pub ndots: u32,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How often to try.
    pub attempts: u32,
    /// The options without a value that act.
    pub flags: Vec<&'static str>,
    /// Whether something in the file is unknown to the reader in a way that changes what it does.
    /// Go then leaves look-ups to the C library, where it can.
    pub unknown: bool,
    /// Why look-ups fail, if they do.
    pub trouble: Option<Trouble>,
}

/// A server that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Server {
    /// Its address.
    pub address: Nameserver,
    /// Its port.
    pub port: u16,
    /// Its line; 0 for the reader's own fallback.
    pub line: usize,
}

/// Why every look-up of a reader fails, with the line that is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The whole file is refused. Line 0: because it names no server.
    Refused(usize),
    /// The file is given up at a line that is too long, and counts as one without servers.
    Lost(usize),
    /// No query is sent: there is no attempt, or no time.
    AsksNobody(usize),
    /// The program ends.
    EndsProgram(usize),
    /// A look-up that needs the search list fails.
    SearchFails(usize),
}

impl Server {
    /// Where to send queries. The zone becomes the number of a link of `context`, or is a number.
    /// `None` for a zone that is neither.
    pub fn socket_addr(&self, context: &Context) -> Option<SocketAddr> {
        match self.address.address() {
            IpAddr::V4(address) => Some(SocketAddrV4::new(address, self.port).into()),
            IpAddr::V6(address) => {
                let scope = match self.address.zone() {
                    None => 0,
                    Some(zone) => context
                        .link_number(zone.as_bytes())
                        .or_else(|| zone.to_str()?.parse().ok())?,
                };
                Some(SocketAddrV6::new(address, self.port, 0, scope).into())
            }
        }
    }
}

impl Trouble {
    /// A stable name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Lost(_) => "lost",
            Self::AsksNobody(_) => "asks-nobody",
            Self::EndsProgram(_) => "ends-program",
            Self::SearchFails(_) => "search-fails",
        }
    }

    /// The line that is to blame; 0 for the file as a whole.
    pub fn line(self) -> usize {
        match self {
            Self::Refused(line)
            | Self::Lost(line)
            | Self::AsksNobody(line)
            | Self::EndsProgram(line)
            | Self::SearchFails(line) => line,
        }
    }
}

impl Document {
    /// What a reader takes of this file, on a host of which nothing is known.
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

    /// [`effective`](Document::effective) on a host of which more is known.
    pub fn effective_on(&self, reader: &Reader, context: &Context) -> Effective {
        let mut reading = Reading::new(reader, context);
        let lost = lines::each(self, &reader.lines, |entry| reading.entry(entry));
        reading.finish(lost)
    }
}

/// A file while it is read.
struct Reading<'a, 'r> {
    reader: &'r Reader,
    context: &'r Context,
    servers: Vec<Server>,
    unasked: Vec<Server>,
    lists: search::Lists<'a>,
    options: options::Taken,
    unknown: bool,
    refused: Option<usize>,
    stopped: bool,
}

impl<'a, 'r> Reading<'a, 'r> {
    fn new(reader: &'r Reader, context: &'r Context) -> Self {
        Self {
            reader,
            context,
            servers: Vec::new(),
            unasked: Vec::new(),
            lists: search::Lists::default(),
            options: options::Taken::defaults(&reader.options),
            unknown: false,
            refused: None,
            stopped: false,
        }
    }

    fn entry(&mut self, entry: Entry<'a>) -> Next {
        let reader = self.reader;
        match entry.keyword {
            Keyword::Nameserver => self.nameserver(entry),
            Keyword::Search | Keyword::Domain => {
                self.lists.line(entry, &reader.search, &reader.lines);
            }
            Keyword::Options => {
                let (rules, lines) = (&reader.options, &reader.lines);
                self.options.line(entry.line, entry.value, rules, lines);
            }
            Keyword::Sortlist | Keyword::Unknown => {
                self.unknown |= reader.lines.reports_unknown;
            }
        }
        match self.refused.is_some() || self.stopped {
            true => Next::Stop,
            false => Next::Go,
        }
    }

    fn nameserver(&mut self, entry: Entry<'a>) {
        let lines = &self.reader.lines;
        match self.reader.servers.words {
            ServerWords::UntilInvalid => {
                let words = entry
                    .value
                    .trim_ascii_end()
                    .split(|&b| b == b' ' || b == b',');
                for word in words.filter(|word| !word.is_empty()) {
                    if !self.server(word, entry.line) {
                        break;
                    }
                }
            }
            ServerWords::First => {
                if let Some(word) = lines::words(entry.value, lines).next() {
                    self.server(word, entry.line);
                }
            }
            words => {
                let commas = words == ServerWords::AllAndCommas;
                let words = lines::words(entry.value, lines);
                for word in words.flat_map(|word| word.split(move |&b| commas && b == b',')) {
                    self.server(word, entry.line);
                }
            }
        }
    }

    /// Takes one word; whether it is an address to the reader.
    fn server(&mut self, word: &[u8], line: usize) -> bool {
        let rules = &self.reader.servers;
        match (server(word, rules.form, self.context), rules.invalid) {
            (Some((address, port)), _) => {
                self.push(address, port, line);
                return true;
            }
            (None, OnInvalid::RefusesFile) => self.refused = Some(line),
            (None, OnInvalid::Stops) => self.stopped = true,
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
        let known = |list: &[Server]| list.iter().any(|s| s.address == address && s.port == port);
        if dropped || (rules.merges_repeated && known(&self.servers)) {
            return;
        }
        let server = Server {
            address,
            port,
            line,
        };
        if rules.most.is_some_and(|most| self.servers.len() >= most) {
            // Enough to name some; a file may list very many.
            if self.unasked.len() < MOST_UNASKED {
                self.unasked.push(server);
            }
            return;
        }
        self.servers.push(server);
    }

    fn finish(self, lost: Option<usize>) -> Effective {
        let reader = self.reader;
        if let Some(line) = lost {
            let empty = Self::new(reader, self.context);
            let mut effective = empty.finish(None);
            effective.trouble = Some(Trouble::Lost(line));
            return effective;
        }
        let search = self.lists.take(&reader.search, &reader.lines, self.context);
        let trouble = trouble(self.refused, &self.servers, &search, &self.options, reader);
        let mut servers = self.servers;
        if servers.is_empty() {
            servers.extend(fallback(reader));
        }
        Effective {
            reader: reader.name,
            servers,
            unasked: self.unasked,
            search: search.domains,
            search_line: search.line,
            ndots: self.options.ndots.number,
            timeout: self.options.duration(&reader.options),
            attempts: self.options.attempts.number,
            unknown: reader.lines.reports_unknown && (self.unknown || self.options.unknown),
            flags: self.options.flags,
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

fn trouble(
    refused: Option<usize>,
    servers: &[Server],
    search: &search::Taken,
    options: &options::Taken,
    reader: &Reader,
) -> Option<Trouble> {
    if let Some(line) = refused {
        return Some(Trouble::Refused(line));
    }
    if search.harm == Some(Harm::RefusesFile) {
        return Some(Trouble::Refused(search.line));
    }
    if servers.is_empty() && reader.servers.refuses_none {
        return Some(Trouble::Refused(0));
    }
    for value in [options.attempts, options.timeout] {
        match value.harm {
            Some(Below::EndsProgram) => return Some(Trouble::EndsProgram(value.line)),
            Some(Below::AsksNobody) => return Some(Trouble::AsksNobody(value.line)),
            _ => {}
        }
    }
    let fails = search.harm == Some(Harm::FailsLookup);
    fails.then_some(Trouble::SearchFails(search.line))
}

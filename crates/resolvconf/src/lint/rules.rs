//! Looks over a document for what some reader would take otherwise than it looks.
//!
//! One pass, a fixed amount of work per word.

use crate::document::{
    BYTE_ORDER_MARK, Document, Found, Line, LineKind, Nameserver, glibc_ipv4, split_option,
};
use crate::lint::diagnostic::{Diagnostic, DiagnosticKind as Kind};
use crate::lint::limits::{Limits, known_option};

impl Document {
    /// Everything odd about the document, in the order of its lines, for all readers known here.
    ///
    /// # Examples
    ///
    /// ```
    /// let document = resolvconf::parse(b"nameserver 10.1\n");
    /// let found = document.diagnostics();
    /// assert_eq!(found[0].kind().as_str(), "no-nameservers");
    /// assert_eq!((found[1].line(), found[1].kind().as_str()), (1, "short-address"));
    /// ```
    pub fn diagnostics(&self) -> Vec<Diagnostic<'_>> {
        self.diagnostics_within(&Limits::ALL)
    }

    /// [`diagnostics`](Document::diagnostics) with the limits of some readers only.
    pub fn diagnostics_within(&self, limits: &[Limits]) -> Vec<Diagnostic<'_>> {
        let mut lint = Lint::new(self, limits);
        if self.is_missing() {
            lint.push(0, Kind::MissingFile, b"");
        } else if self.nameservers().next().is_none() {
            lint.push(0, Kind::NoNameservers, b"");
        }
        let mut words = Vec::new();
        for line in self.lines() {
            words.clear();
            if line.kind.takes_values() {
                words.extend(line.words());
            }
            lint.line(line, &words);
        }
        lint.found
    }
}

struct Lint<'a, 'l> {
    found: Vec<Diagnostic<'a>>,
    limits: &'l [Limits],
    /// The line whose search list counts.
    search_line: Option<usize>,
    /// Valid servers so far.
    servers: usize,
    /// Those that are used, with their lines.
    used: Vec<(usize, Nameserver)>,
    /// For `ndots`, `timeout` and `attempts`: the last one.
    last_numeric: [Option<Found<&'a [u8]>>; 3],
}

const NUMERIC: [&[u8]; 3] = [b"ndots", b"timeout", b"attempts"];

/// As many servers as the C libraries use.
const USED_SERVERS: usize = 3;

/// Words of a sortlist that glibc uses.
const SORTLIST_WORDS: usize = 10;

impl<'a, 'l> Lint<'a, 'l> {
    fn new(document: &'a Document, limits: &'l [Limits]) -> Self {
        let mut last_numeric = [const { None }; 3];
        for option in document.options() {
            if let Some(at) = numeric(option.value) {
                last_numeric[at] = Some(option);
            }
        }
        Self {
            found: Vec::new(),
            limits,
            search_line: document.search_line().map(|line| line.number),
            servers: 0,
            used: Vec::new(),
            last_numeric,
        }
    }

    fn push(&mut self, line: usize, kind: Kind, subject: &'a [u8]) {
        self.push_number(line, kind, subject, 0, "");
    }

    fn push_number(
        &mut self,
        line: usize,
        kind: Kind,
        subject: &'a [u8],
        number: usize,
        reader: &'static str,
    ) {
        self.found.push(Diagnostic {
            line,
            kind,
            subject,
            number,
            reader,
        });
    }

    /// Looks over one line, with the words after its directive.
    fn line(&mut self, line: Line<'a>, words: &[&'a [u8]]) {
        if line.number == 1 && line.raw.starts_with(BYTE_ORDER_MARK) {
            self.push(1, Kind::ByteOrderMark, b"");
        }
        match line.kind {
            LineKind::Blank | LineKind::Comment => return,
            LineKind::IndentedComment => return self.push(line.number, Kind::IndentedComment, b""),
            _ => {}
        }
        self.bytes(line);
        match line.kind {
            LineKind::Other => return self.unknown(line),
            _ if words.is_empty() => {
                return self.push(line.number, Kind::MissingValue, line.directive());
            }
            LineKind::Nameserver => self.nameserver(line.number, words),
            LineKind::Search | LineKind::Domain => self.search(line, words),
            LineKind::Options => self.options(line.number, words),
            LineKind::Sortlist => self.sortlist(line, words),
            _ => {}
        }
        self.blanks(line, words.len());
    }

    /// What the bytes of a line show before their meaning is looked at.
    fn bytes(&mut self, line: Line<'a>) {
        let content = line.content();
        if content.contains(&0) {
            self.push(line.number, Kind::NulByte, b"");
        }
        if std::str::from_utf8(content).is_err() {
            self.push(line.number, Kind::InvalidUtf8, b"");
        }
        if line.raw.ends_with(b"\r\n") || line.raw.ends_with(b"\r") {
            self.push(line.number, Kind::CarriageReturn, b"");
        }
        let long = self.limits.iter().find(|limits| {
            let limit = limits.line_bytes;
            limit.is_some_and(|limit| content.len() > limit)
        });
        if let Some(limits) = long {
            self.push_number(
                line.number,
                Kind::LongLine,
                b"",
                content.len(),
                limits.reader,
            );
        }
    }

    fn unknown(&mut self, line: Line<'a>) {
        let directive = line.directive();
        let known: [&[u8]; 5] = [b"nameserver", b"search", b"domain", b"options", b"sortlist"];
        if known
            .iter()
            .any(|known| known.eq_ignore_ascii_case(directive))
        {
            self.push(line.number, Kind::KeywordCase, directive);
        } else {
            self.push(line.number, Kind::UnknownDirective, directive);
        }
    }

    fn blanks(&mut self, line: Line<'a>, words: usize) {
        let content = line.content();
        if matches!(content.first(), Some(b' ' | b'\t')) {
            self.push(line.number, Kind::IndentedDirective, b"");
        }
        let plain = |b: &u8| *b == b' ' || *b == b'\t';
        let by_blanks = content.split(plain).filter(|word| !word.is_empty());
        if by_blanks.count() != 1 + words {
            self.push(line.number, Kind::OddBlank, b"");
        }
    }

    fn nameserver(&mut self, at: usize, words: &[&'a [u8]]) {
        let word = words[0];
        let Some(server) = Nameserver::parse(word) else {
            return self.not_an_address(at, word);
        };
        self.servers += 1;
        if server.is_unspecified() {
            self.push(at, Kind::UnspecifiedNameserver, word);
        }
        if server.is_ipv6_link_local() && server.zone().is_none() {
            self.push(at, Kind::ZoneMissing, word);
        }
        let before = self.used.iter().find(|(_, used)| *used == server);
        if let Some(&(first, _)) = before {
            self.push_number(at, Kind::DuplicateNameserver, word, first, "");
        } else if self.used.len() < USED_SERVERS {
            self.used.push((at, server));
        }
        let short = self
            .limits
            .iter()
            .find(|limits| self.servers > limits.nameservers);
        if let Some(limits) = short {
            let number = limits.nameservers;
            self.push_number(at, Kind::TooManyNameservers, word, number, limits.reader);
        }
        if let Some(word) = words.get(1) {
            self.push(at, Kind::TrailingText, word);
        }
    }

    fn not_an_address(&mut self, line: usize, word: &'a [u8]) {
        if let Some(address) = glibc_ipv4(word) {
            let number = u32::from(address) as usize;
            self.push_number(line, Kind::ShortAddress, word, number, "glibc");
        } else if word.contains(&b',') {
            self.push(line, Kind::Comma, word);
        } else if word
            .strip_suffix(b"%")
            .and_then(Nameserver::parse)
            .is_some()
        {
            self.push(line, Kind::EmptyZone, word);
        } else {
            self.push(line, Kind::InvalidNameserver, word);
        }
    }

    fn search(&mut self, line: Line<'a>, words: &[&'a [u8]]) {
        let at = line.number;
        match self.search_line {
            Some(last) if last != at => {
                return self.push_number(at, Kind::SearchReplaced, b"", last, "");
            }
            _ => {}
        }
        if line.kind == LineKind::Domain {
            if let Some(word) = words.get(1) {
                self.push(at, Kind::DomainExtraWords, word);
            }
        }
        self.comment_in_value(at, words);
        for word in words {
            if word.contains(&b',') {
                self.push(at, Kind::Comma, word);
            } else if !is_domain(word) {
                self.push(at, Kind::InvalidSearchDomain, word);
            }
        }
        self.search_limits(at, words);
    }

    fn search_limits(&mut self, at: usize, words: &[&'a [u8]]) {
        let bytes = words.iter().map(|word| word.len() + 1).sum::<usize>() - 1;
        let exceeds = |limit: Option<usize>, value| limit.filter(|limit| value > *limit);
        let mut limits = self.limits.iter();
        let long = limits.find_map(|l| Some((exceeds(l.search_bytes, bytes)?, l.reader)));
        if let Some((number, reader)) = long {
            self.push_number(at, Kind::SearchTooLong, b"", number, reader);
        }
        let mut limits = self.limits.iter();
        let many = limits.find_map(|l| Some((exceeds(l.search_domains, words.len())?, l.reader)));
        if let Some((number, reader)) = many {
            self.push_number(
                at,
                Kind::TooManySearchDomains,
                words[number],
                number,
                reader,
            );
        }
    }

    fn options(&mut self, at: usize, words: &[&'a [u8]]) {
        self.comment_in_value(at, words);
        for word in words {
            self.option(at, word);
        }
    }

    fn option(&mut self, line: usize, word: &'a [u8]) {
        let (name, value) = split_option(word);
        if word.contains(&b',') {
            return self.push(line, Kind::Comma, word);
        }
        let Some(at) = numeric(word) else {
            if known_option(name).is_none() {
                self.push(line, Kind::UnknownOption, word);
            }
            return;
        };
        match &self.last_numeric[at] {
            // The very same place in the text, not a word of the same letters.
            Some(last) if !std::ptr::eq(last.value, word) => {
                self.push_number(line, Kind::OptionReplaced, word, last.line, "");
            }
            _ => {}
        }
        let number = std::str::from_utf8(value)
            .ok()
            .and_then(|v| v.parse::<i64>().ok());
        let Some(number @ 0..) = number else {
            return self.push(line, Kind::InvalidOptionValue, word);
        };
        let largest = |limits: &Limits| Some((limits.largest(name)?, limits.reader));
        let mut caps = self.limits.iter().filter_map(largest);
        if let Some((cap, reader)) = caps.find(|(cap, _)| number > i64::from(*cap)) {
            self.push_number(line, Kind::OptionAboveLimit, word, cap as usize, reader);
        }
    }

    fn sortlist(&mut self, line: Line<'a>, words: &[&'a [u8]]) {
        self.comment_in_value(line.number, words);
        // res_init.c stops at what is not ASCII or is white space, but skips blanks and tabs only.
        let stops = |b: &u8| !b.is_ascii() || matches!(b, b'\x0b' | b'\x0c' | b'\r');
        let list = line
            .raw
            .split(|&b| b == b';' || b == 0)
            .next()
            .unwrap_or_default();
        if list.iter().any(stops) {
            self.push(line.number, Kind::SortlistHang, b"");
        }
        for (at, word) in words.iter().enumerate() {
            let pair = word.split(|&b| b == b'/' || b == b'&');
            let valid =
                pair.clone().count() <= 2 && pair.into_iter().all(|p| glibc_ipv4(p).is_some());
            if !valid || at >= SORTLIST_WORDS {
                self.push(line.number, Kind::InvalidSortlist, word);
            }
        }
    }

    fn comment_in_value(&mut self, at: usize, words: &[&'a [u8]]) {
        let mark = |word: &&&[u8]| matches!(word.first(), Some(b'#' | b';'));
        if let Some(word) = words.iter().find(mark) {
            self.push(at, Kind::CommentInValue, word);
        }
    }
}

/// The place of a numeric option in [`NUMERIC`].
fn numeric(option: &[u8]) -> Option<usize> {
    let (name, _) = split_option(option);
    NUMERIC.iter().position(|known| *known == name)
}

/// Whether a name can end in this: labels of 1 to 63 bytes, 253 in all, one final dot allowed.
fn is_domain(word: &[u8]) -> bool {
    let name = word.strip_suffix(b".").unwrap_or(word);
    // A lone dot is the root: look up names as they are.
    let mut labels = name.split(|&b| b == b'.');
    name.is_empty() || (name.len() <= 253 && labels.all(|label| matches!(label.len(), 1..=63)))
}

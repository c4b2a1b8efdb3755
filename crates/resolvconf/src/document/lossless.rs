//! A resolv.conf file without any loss: every byte is kept, every line has a number, and values are
//! read on request.

use std::fmt;

use crate::document::address::Nameserver;
use crate::document::line::{Line, LineKind, Span, split_option};
use crate::document::parse::spans;

/// A parsed resolv.conf, lossless: [`as_bytes`](Document::as_bytes) is the input, byte for byte.
///
/// Parsing cannot fail. [`diagnostics`](Document::diagnostics) lists what is odd about the content,
/// with line numbers.
///
/// # Examples
///
/// ```
/// let document = resolvconf::parse(b"search corp.example\nnameserver 192.0.2.1 # main\n");
/// let server = document.nameservers().next().unwrap();
/// assert_eq!(server.value.to_string(), "192.0.2.1");
/// assert_eq!(document.search().next(), Some(&b"corp.example"[..]));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Document {
    text: Vec<u8>,
    spans: Vec<Span>,
    missing: bool,
}

/// A value and the number of the line it came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Found<T> {
    /// The line, from 1.
    pub line: usize,
    /// The value.
    pub value: T,
}

/// Parses the bytes of a resolv.conf file. Never fails. The time is linear in the length.
///
/// # Examples
///
/// ```
/// let document = resolvconf::parse(b"options ndots:2 edns0\n");
/// assert_eq!(document.option(b"ndots"), Some(&b"2"[..]));
/// ```
pub fn parse(text: &[u8]) -> Document {
    Document::from(text.to_vec())
}

impl From<Vec<u8>> for Document {
    fn from(text: Vec<u8>) -> Self {
        let spans = spans(&text);
        Self {
            text,
            spans,
            missing: false,
        }
    }
}

impl Document {
    /// The document of a file that does not exist: empty, and says so in its diagnostics.
    pub fn missing() -> Self {
        Self {
            missing: true,
            ..Self::default()
        }
    }

    /// Whether this stands for a file that does not exist.
    pub fn is_missing(&self) -> bool {
        self.missing
    }

    /// The file's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The lines in order.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> + ExactSizeIterator + Clone {
        (0..self.spans.len()).map(|at| self.line_at(at))
    }

    /// The line with this number.
    pub(crate) fn line(&self, number: usize) -> Option<Line<'_>> {
        let at = number.checked_sub(1).filter(|at| *at < self.spans.len());
        at.map(|at| self.line_at(at))
    }

    /// The addresses of all `nameserver` lines, in order. No limit of a reader applies.
    pub fn nameservers(&self) -> impl Iterator<Item = Found<Nameserver>> {
        self.nameserver_words().filter_map(|(line, word)| {
            let value = Nameserver::parse(word)?;
            Some(Found { line, value })
        })
    }

    /// The words of `nameserver` lines that are not addresses.
    pub fn invalid_nameservers(&self) -> impl Iterator<Item = Found<&[u8]>> {
        self.nameserver_words()
            .filter(|(_, word)| Nameserver::parse(word).is_none())
            .map(|(line, value)| Found { line, value })
    }

    fn nameserver_words(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.of_kind(LineKind::Nameserver)
            .filter_map(|line| Some((line.number, line.words().next()?)))
    }

    /// The search list: the words of the last `search` or `domain` line that has any.
    pub fn search(&self) -> impl Iterator<Item = &[u8]> {
        self.search_line().into_iter().flat_map(|line| line.words())
    }

    /// The word of the last `domain` line that has one: the domain of this host. Most readers take
    /// it for a search list.
    pub fn domain(&self) -> Option<&[u8]> {
        let lines = self.lines().rev();
        let mut domains = lines.filter(|line| line.kind == LineKind::Domain);
        domains.find_map(|line| line.words().next())
    }

    /// The line that [`search`](Document::search) reads.
    pub fn search_line(&self) -> Option<Line<'_>> {
        self.lines().rev().find(|line| {
            matches!(line.kind, LineKind::Search | LineKind::Domain)
                && line.words().next().is_some()
        })
    }

    /// The words of all `options` lines, in order, with repetitions.
    pub fn options(&self) -> impl Iterator<Item = Found<&[u8]>> {
        self.of_kind(LineKind::Options).flat_map(|line| {
            line.words().map(move |value| Found {
                line: line.number,
                value,
            })
        })
    }

    /// The value of the last option with that name: the text after the first colon. Empty without a
    /// colon.
    pub fn option(&self, name: &[u8]) -> Option<&[u8]> {
        // The lines are read from the end, so most calls do not need a pass over all of them.
        let lines = self.lines().rev();
        let mut lines = lines.filter(|line| line.kind == LineKind::Options);
        lines.find_map(|line| {
            let options = line.words().map(split_option);
            let named = options.filter(|(key, _)| *key == name);
            named.last().map(|(_, value)| value)
        })
    }

    /// The words of the last `sortlist` line that has any: `address` or `address/netmask`.
    pub fn sortlist(&self) -> impl Iterator<Item = &[u8]> {
        let last = self
            .lines()
            .rev()
            .find(|line| line.kind == LineKind::Sortlist && line.words().next().is_some());
        last.into_iter().flat_map(|line| line.words())
    }

    /// The lines that transforms pass on without a change: unknown directives, `sortlist`, and
    /// comments that do not start in the first column. They come without terminators.
    pub fn other(&self) -> impl Iterator<Item = Found<&[u8]>> {
        self.lines()
            .filter(|line| {
                matches!(
                    line.kind,
                    LineKind::Other | LineKind::Sortlist | LineKind::IndentedComment
                )
            })
            .map(|line| Found {
                line: line.number,
                value: line.content(),
            })
    }

    fn of_kind(&self, kind: LineKind) -> impl Iterator<Item = Line<'_>> {
        self.lines_where(move |span| span.is(kind))
    }

    /// The lines of some kinds. Lines of other kinds cost almost no time.
    pub(crate) fn lines_of(
        &self,
        wanted: impl Fn(LineKind) -> bool,
    ) -> impl Iterator<Item = Line<'_>> {
        self.lines_where(move |span| wanted(span.kind()))
    }

    fn lines_where(&self, wanted: impl Fn(Span) -> bool) -> impl Iterator<Item = Line<'_>> {
        let numbered = self.spans.iter().enumerate();
        let chosen = numbered.filter(move |(_, span)| wanted(**span));
        chosen.map(|(at, _)| self.line_at(at))
    }

    fn line_at(&self, at: usize) -> Line<'_> {
        let next = self.spans.get(at + 1);
        let end = next.map_or(self.text.len(), |next| next.start());
        Line {
            number: at + 1,
            kind: self.spans[at].kind(),
            raw: &self.text[self.spans[at].start()..end],
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("text", &self.text.escape_ascii().to_string())
            .field("missing", &self.missing)
            .finish()
    }
}

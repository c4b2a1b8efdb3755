//! The pass over the lines of a document that collects findings.

use crate::document::{BYTE_ORDER_MARK, Line, LineKind, Look, Nameserver};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::findings::Findings;
use crate::lint::rules::numeric::Numeric;
use crate::lint::rules::readings::Readings;
use crate::lint::rules::traits::Traits;
use crate::readers::{Reader, reads, sees};

/// A document while it is checked.
pub(crate) struct Lint<'a> {
    pub(crate) found: Findings<'a>,
    pub(crate) readers: &'a [Reader],
    pub(crate) traits: Traits,
    pub(crate) numeric: Numeric<'a>,
    pub(crate) servers: Seen,
    /// The last line with a search list that all readers see.
    pub(crate) search_line: Option<usize>,
    /// Whether a search list stands on a line that not all readers see.
    pub(crate) hidden_search: bool,
    /// The readers that do not see this line, because of a NUL on the line before it. `next_eaten`
    /// holds those that do not see the next line.
    pub(crate) eaten: Set,
    pub(crate) next_eaten: Set,
}

/// The servers of the lines before this one.
#[derive(Default)]
pub(crate) struct Seen {
    /// The first different servers, with their lines.
    pub(crate) used: Vec<(usize, Nameserver)>,
}

impl<'a> Lint<'a> {
    pub(crate) fn push(&mut self, line: usize, kind: Kind, subject: &'a [u8], affected: Set) {
        self.found.push(line, kind, subject, 0, affected);
    }

    pub(crate) fn push_number(
        &mut self,
        line: usize,
        kind: Kind,
        subject: &'a [u8],
        number: usize,
        affected: Set,
    ) {
        self.found.push(line, kind, subject, number, affected);
    }

    /// Checks one line.
    pub(crate) fn line(&mut self, line: Line<'a>, look: Look, readings: &Readings<'_, '_>) {
        self.eaten = std::mem::take(&mut self.next_eaten);
        if look.has(Look::NUL) && line.raw.len() <= self.traits.shortest_line {
            self.next_eaten = self.traits.eats_next.without(self.eaten);
        }
        if line.number == 1 && line.raw.starts_with(BYTE_ORDER_MARK) {
            self.push(1, Kind::ByteOrderMark, b"", self.traits.all);
        }
        match line.kind {
            LineKind::Blank | LineKind::Comment => return,
            LineKind::IndentedComment => {
                let unknown = self.traits.reports_unknown;
                return self.push(line.number, Kind::IndentedComment, b"", unknown);
            }
            _ => {}
        }
        self.bytes(line, look);
        if line.kind == LineKind::Other {
            return self.unknown(line);
        }
        let Some(first) = line.fields().next() else {
            return self.without_value(line);
        };
        match line.kind {
            LineKind::Nameserver => {
                let full = readings.full_before(line.number);
                self.nameserver(line, look, first, full);
            }
            LineKind::Search | LineKind::Domain => self.search(line, look),
            LineKind::Options => self.options(line, look),
            LineKind::Sortlist => self.sortlist(line, look),
            _ => {}
        }
        if look.has(Look::SPLITS) || matches!(line.raw.first(), Some(b' ' | b'\t' | 0xef)) {
            self.blanks(line, look);
        }
    }

    /// The readers that see a directive in this line.
    pub(crate) fn who_sees(&self, line: Line<'a>, look: Look) -> Set {
        // A comment mark may hide all words from some reader.
        let plain = is_plain(line, look) && !look.has(Look::MARK);
        let seen = match plain && line.raw.len() <= self.traits.shortest_line {
            true => self.traits.all,
            false => Set::of(self.readers, |reader| sees(reader, line.raw)),
        };
        seen.without(self.eaten)
    }

    /// The readers that find this word in the line. Other findings are about the other readers.
    pub(crate) fn who_reads(&self, line: Line<'a>, look: Look, word: &[u8]) -> Set {
        let short = line.raw.len() <= self.traits.shortest_line;
        let read = match short && is_plain(line, look) {
            true => self.traits.all,
            _ if short && is_plain_before_returns(line, look) => {
                match line.content().ends_with(word) {
                    true => self.traits.all.without(self.traits.return_is_a_byte),
                    false => self.traits.all,
                }
            }
            false => Set::of(self.readers, |reader| reads(reader, line.raw, word)),
        };
        read.without(self.eaten)
    }

    fn without_value(&mut self, line: Line<'a>) {
        let clears = match line.kind {
            LineKind::Search | LineKind::Domain => self.traits.empty_clears,
            _ => Set::default(),
        };
        self.push(line.number, Kind::MissingValue, line.directive(), clears);
    }

    /// Finds the first word that looks like the start of a comment, but is a plain word for some
    /// readers.
    pub(crate) fn comment_in_value(&mut self, line: Line<'a>, look: Look) {
        if !look.has(Look::MARK) || self.traits.marks_are_words.is_empty() {
            return;
        }
        let mark = |word: &&[u8]| matches!(word.first(), Some(b'#' | b';'));
        if let Some(word) = line.fields().find(mark) {
            let affected = self.traits.marks_are_words;
            self.push(line.number, Kind::CommentInValue, word, affected);
        }
    }
}

/// Whether all readers see a directive and the same words in this line, unless it is too long.
pub(crate) fn is_plain(line: Line<'_>, look: Look) -> bool {
    !look.has(Look::SPLITS) && !matches!(line.raw.first(), Some(b' ' | b'\t'))
}

/// The same for a line with carriage returns only at its end.
fn is_plain_before_returns(line: Line<'_>, look: Look) -> bool {
    look.has(Look::RETURN) && is_plain(line, Look::of(line.content()))
}

//! The pass over the lines of a document.

use crate::document::{BYTE_ORDER_MARK, Line, LineKind, Look, Nameserver};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::findings::Findings;
use crate::lint::rules::numeric::Numeric;
use crate::lint::rules::traits::Traits;
use crate::readers::Reader;

/// A document while it is looked over.
pub(crate) struct Lint<'a> {
    pub(crate) found: Findings<'a>,
    pub(crate) readers: &'a [Reader],
    pub(crate) traits: Traits,
    pub(crate) numeric: Numeric<'a>,
    pub(crate) servers: Seen,
    /// The last line with a search list.
    pub(crate) search_line: Option<usize>,
}

/// The servers of the lines before.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) count: usize,
    /// The first ones that differ, with their lines.
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

    /// Looks over one line.
    pub(crate) fn line(&mut self, line: Line<'a>, look: Look) {
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
            LineKind::Nameserver => self.nameserver(line, first),
            LineKind::Search | LineKind::Domain => self.search(line, look),
            LineKind::Options => self.options(line, look),
            LineKind::Sortlist => self.sortlist(line, look),
            _ => {}
        }
        if look.has(Look::SPLITS) || matches!(line.raw.first(), Some(b' ' | b'\t' | 0xef)) {
            self.blanks(line, look);
        }
    }

    fn without_value(&mut self, line: Line<'a>) {
        let clears = match line.kind {
            LineKind::Search | LineKind::Domain => self.traits.empty_clears,
            _ => Set::default(),
        };
        self.push(line.number, Kind::MissingValue, line.directive(), clears);
    }

    /// The first word that looks like the start of a comment, but is a word to some readers.
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

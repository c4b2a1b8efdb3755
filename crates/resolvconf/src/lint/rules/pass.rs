//! The pass over the lines of a document that collects findings.

use crate::document::{BYTE_ORDER_MARK, Line, LineKind, Look, Nameserver};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::findings::Findings;
use crate::lint::groups::Set;
use crate::lint::rules::numeric::Numeric;
use crate::lint::rules::traits::Traits;
use crate::readers::{Keyword, Outcome, Reader, is_visible, plain_entry, reads, sees};

/// A document while it is checked.
pub(crate) struct Lint<'a> {
    pub(crate) found: Findings<'a>,
    pub(crate) readers: &'a [Reader],
    pub(crate) traits: Traits,
    pub(crate) numeric: Numeric<'a>,
    /// How many more words of this line are compared exactly with what counts at the end.
    pub(crate) exact_left: usize,
    pub(crate) servers: Seen,
    /// What comes of the file for each reader.
    pub(crate) outcomes: Vec<Outcome>,
    /// The lines of the search lists that count, each with its readers.
    pub(crate) search_lines: Vec<(usize, Set)>,
    /// The first line after which some reader takes no more servers.
    pub(crate) first_full: usize,
    /// The first line after which some reader reads nothing more.
    pub(crate) first_end: usize,
    /// The readers that do not see this line, because of a NUL on the line before it. `next_eaten`
    /// holds those that do not see the next line.
    pub(crate) eaten: Set,
    pub(crate) next_eaten: Set,
    /// The odd bytes of this line before the carriage returns at its end.
    pub(crate) inside: Look,
    /// How many bytes at the end of this line are not checked.
    pub(crate) cut_off: usize,
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

    /// Adds a finding if it matters to some reader.
    pub(crate) fn push_if_any(
        &mut self,
        line: usize,
        kind: Kind,
        subject: &'a [u8],
        affected: Set,
    ) {
        if !affected.is_empty() {
            self.push(line, kind, subject, affected);
        }
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
    pub(crate) fn line(&mut self, line: Line<'a>, look: Look) {
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
        // A return that only ends the line is no blank between words.
        self.inside = inside(line, look);
        self.bytes(line, look);
        if line.kind == LineKind::Other {
            return self.unknown(line);
        }
        let Some(first) = line.fields().next() else {
            return self.without_value(line);
        };
        match line.kind {
            LineKind::Nameserver => {
                let full = self.full_before(line.number);
                self.nameserver(line, look, first, full);
            }
            LineKind::Search | LineKind::Domain => self.search(line, look),
            LineKind::Options => self.options(line, look),
            LineKind::Sortlist => self.sortlist(line, look),
            _ => {}
        }
        let inside = self.inside;
        if inside.has(Look::SPLITS) || matches!(line.raw.first(), Some(b' ' | b'\t' | 0xef)) {
            self.blanks(line, inside);
        }
    }

    /// The readers that had enough servers before this line.
    fn full_before(&self, line: usize) -> Set {
        if line <= self.first_full {
            return Set::default();
        }
        Set::places(self.outcomes.len(), |at| {
            (1..line).contains(&self.outcomes[at].full_line)
        })
    }

    /// The readers that see the directive of this line.
    pub(crate) fn who_sees(&self, line: Line<'a>, look: Look) -> Set {
        // A comment mark may hide all words from some reader.
        let short = line.raw.len() <= self.traits.shortest_line && !look.has(Look::MARK);
        let seen = match short {
            true if is_plain(line, look) => self.who_takes(line),
            true if is_plain_before_nul(line, look) && line.raw.ends_with(b"\n") => {
                self.who_takes(line).without(self.traits.eats_next)
            }
            true if has_blank(line) && self.is_plain_before_returns(line, look) => {
                self.who_takes(line)
            }
            _ => {
                let wanted = keywords(line.kind);
                let kinds = self.traits.line_rules.iter();
                let seen = kinds.filter(|(rules, _)| sees(rules, line.raw, look, wanted));
                seen.fold(Set::default(), |all, (_, readers)| all.or(*readers))
            }
        };
        seen.without(self.unread(line.number))
    }

    /// The readers that take the bytes of the value of a plain line.
    fn who_takes(&self, line: Line<'a>) -> Set {
        let visible = || {
            let value = line.content().get(line.directive().len()..);
            is_visible(value.unwrap_or_default().trim_ascii_start())
        };
        match self.traits.visible.is_empty() || visible() {
            true => self.traits.all,
            false => self.traits.all.without(self.traits.visible),
        }
    }

    /// Whether the line is plain, with carriage returns only at its end.
    fn is_plain_before_returns(&self, line: Line<'a>, look: Look) -> bool {
        look.has(Look::RETURN) && is_plain(line, self.inside)
    }

    /// The readers that do not read this line, because of a line before it.
    fn unread(&self, line: usize) -> Set {
        if line <= self.first_end {
            return self.eaten;
        }
        let ended = |at: usize| line > self.outcomes[at].end_line;
        self.eaten.or(Set::places(self.outcomes.len(), ended))
    }

    /// The readers that find this word in the line. Other findings are about the other readers.
    pub(crate) fn who_reads(&self, line: Line<'a>, look: Look, word: &[u8]) -> Set {
        let short = line.raw.len() <= self.traits.shortest_line;
        let read = match short && is_plain(line, look) {
            true => self.who_takes(line),
            _ if short && self.is_plain_before_returns(line, look) => {
                match line.content().ends_with(word) {
                    true => self.who_takes(line).without(self.traits.return_is_a_byte),
                    false => self.who_takes(line),
                }
            }
            false => Set::of(self.readers, |reader| reads(reader, line.raw, look, word)),
        };
        read.without(self.unread(line.number))
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
            let affected = self.traits.marks_are_words.and(self.who_sees(line, look));
            self.push_if_any(line.number, Kind::CommentInValue, word, affected);
        }
    }
}

/// The directives that a line of this kind may hold.
fn keywords(kind: LineKind) -> &'static [Keyword] {
    match kind {
        LineKind::Nameserver => &[Keyword::Nameserver],
        LineKind::Search | LineKind::Domain => &[Keyword::Search, Keyword::Domain],
        LineKind::Options => &[Keyword::Options],
        LineKind::Sortlist => &[Keyword::Sortlist],
        _ => &[],
    }
}

/// Whether all readers see a directive and the same words in this line, unless it is too long.
pub(crate) fn is_plain(line: Line<'_>, look: Look) -> bool {
    !look.has(Look::SPLITS) && !matches!(line.raw.first(), Some(b' ' | b'\t' | 0x80..))
}

/// The same for a line with a NUL, except for readers that lose such a line.
fn is_plain_before_nul(line: Line<'_>, look: Look) -> bool {
    let before = || line.raw.split(|byte| *byte == 0).next().unwrap_or_default();
    let directive = |text| plain_entry(1, text).is_some_and(|entry| !entry.value.is_empty());
    look.has(Look::NUL) && !look.has(Look::ODD) && directive(before())
}

/// Whether a blank stands behind the directive.
fn has_blank(line: Line<'_>) -> bool {
    plain_entry(1, line.content()).is_some_and(|entry| !entry.value.is_empty())
}

/// The odd bytes before the carriage returns at the end.
pub(crate) fn inside(line: Line<'_>, look: Look) -> Look {
    match look.has(Look::RETURN) {
        true => Look::of(line.content()),
        false => look,
    }
}

//! Findings about the bytes of a line, before its meaning is looked at.

use crate::document::{Line, LineKind, Look};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::pass::Lint;
use crate::readers::Reader;

/// The length of `search`. No directive has a shorter name.
const SHORTEST_NAME: usize = 6;

impl<'a> Lint<'a> {
    /// Checks the bytes of a line, before its meaning is looked at.
    pub(crate) fn bytes(&mut self, line: Line<'a>, look: Look) {
        if !look.has(Look::SPLITS.or(Look::BEYOND_ASCII))
            && line.raw.len() <= self.traits.shortest_line
        {
            return;
        }
        let content = line.content();
        if look.has(Look::NUL) {
            self.push(line.number, Kind::NulByte, b"", self.traits.all);
        }
        if look.has(Look::BEYOND_ASCII) && std::str::from_utf8(content).is_err() {
            self.push(line.number, Kind::InvalidUtf8, b"", Set::default());
        }
        let ends_in_return = line.raw.ends_with(b"\r\n") || line.raw.ends_with(b"\r");
        if look.has(Look::RETURN) && ends_in_return {
            // For some readers a NUL ends the line before the return.
            let affected = match look.has(Look::NUL) {
                true => Set::default(),
                false => self.traits.return_is_a_byte,
            };
            if self.found.is_full(Kind::CarriageReturn, affected) {
                self.found.count(Kind::CarriageReturn);
            } else {
                let loses_server = usize::from(loses_server(line));
                self.push_number(
                    line.number,
                    Kind::CarriageReturn,
                    b"",
                    loses_server,
                    affected,
                );
            }
        }
        if content.len() > self.traits.shortest_line {
            let length = content.len() + self.cut_off;
            let too_long = |reader: &Reader| {
                let longest = reader.lines.longest;
                longest.is_some_and(|(longest, _)| length > longest)
            };
            let affected = Set::of(self.readers, too_long);
            self.push_number(line.number, Kind::LongLine, b"", length, affected);
        }
    }

    pub(crate) fn unknown(&mut self, line: Line<'a>) {
        // So many are listed already that the word does not matter, unless it may be a directive.
        let may_be_known = line.raw.len() >= SHORTEST_NAME
            && line.raw.first().is_some_and(|first| {
                matches!(first, b' ' | b'\t'..=b'\r' | 0x80..)
                    || b"nsdo".contains(&first.to_ascii_lowercase())
            });
        if !may_be_known && self.found.is_full(Kind::UnknownDirective, self.traits.all) {
            return self.found.count(Kind::UnknownDirective);
        }
        let directive = line.directive();
        let known: [&[u8]; 5] = [b"nameserver", b"search", b"domain", b"options", b"sortlist"];
        // Most words are too short or too long to be a directive.
        let in_other_case = (SHORTEST_NAME..=10).contains(&directive.len())
            && known
                .iter()
                .any(|known| known.eq_ignore_ascii_case(directive));
        let kind = match in_other_case {
            true => Kind::KeywordCase,
            false => Kind::UnknownDirective,
        };
        self.push(line.number, kind, directive, self.traits.all);
    }

    /// Finds white space that not all readers take for white space.
    pub(crate) fn blanks(&mut self, line: Line<'a>, look: Look) {
        let content = line.content();
        if matches!(content.first(), Some(b' ' | b'\t')) {
            self.push(
                line.number,
                Kind::IndentedDirective,
                b"",
                self.traits.no_indent,
            );
        }
        let plain = |b: &u8| *b == b' ' || *b == b'\t';
        let by_blanks = content.split(plain).filter(|word| !word.is_empty());
        // If the words are the same and no odd blank stands beside one, all readers agree.
        if look.has(Look::ODD)
            && (is_odd_at_start(content)
                || by_blanks.count() != 1 + line.fields().count()
                || has_odd_end(content))
        {
            let beyond_ascii = !content.is_ascii();
            let affected = match beyond_ascii {
                true => self.traits.ascii_blanks,
                false => self.traits.few_blanks,
            };
            self.push(line.number, Kind::OddBlank, b"", affected);
        }
    }
}

/// Whether the only word of a `nameserver` line ends in the return that ends the line.
fn loses_server(line: Line<'_>) -> bool {
    let content = line.content();
    // After a blank the return is a separate word.
    let plain = |b: &u8| *b == b' ' || *b == b'\t';
    let words = content.split(plain).filter(|word| !word.is_empty());
    let one_word = words.count() == 2 && !content.last().is_some_and(plain);
    // A zone with a return is no link, and the address counts without it.
    line.kind == LineKind::Nameserver && !content.contains(&b'%') && one_word
}

/// Whether the line begins with white space that only some readers know.
fn is_odd_at_start(content: &[u8]) -> bool {
    matches!(content.first(), Some(b'\x0b' | b'\x0c' | b'\r'))
        || crate::document::blank_len(content) > 0
}

/// Whether a word begins or ends with white space that only some readers know.
fn has_odd_end(content: &[u8]) -> bool {
    let plain = |b: &u8| *b == b' ' || *b == b'\t';
    let odd = |word: &[u8]| {
        let ascii = |b: &u8| matches!(b, b'\x0b' | b'\x0c' | b'\r');
        let first = crate::document::fields(word).next();
        word.first().is_some_and(ascii)
            || word.last().is_some_and(ascii)
            || first.is_none_or(|first| first.len() != word.len())
    };
    content
        .split(plain)
        .any(|word| !word.is_empty() && odd(word))
}

//! Findings about `options` and `sortlist` lines.

use crate::document::{Line, Look, glibc_ipv4};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::groups::Set;
use crate::lint::rules::numeric::{NAMES, place};
use crate::lint::rules::pass::Lint;
use crate::readers::{Below, Number, Reader, one_option};

/// How many words of a sortlist glibc uses.
const SORTLIST_WORDS: usize = 10;

impl<'a> Lint<'a> {
    pub(crate) fn options(&mut self, line: Line<'a>, look: Look) {
        self.comment_in_value(line, look);
        let commas = look.has(Look::COMMA);
        let readers = self.traits.options.and(self.who_sees(line, look));
        let mut words = line.fields().peekable();
        while let Some(word) = words.next() {
            if commas && word.contains(&b',') {
                self.push(line.number, Kind::Comma, word, self.traits.all);
            }
            self.option(line, word, words.peek().copied(), readers);
        }
    }

    /// Checks one word of a line that these readers see.
    fn option(&mut self, whole: Line<'a>, word: &'a [u8], next: Option<&'a [u8]>, readers: Set) {
        let line = whole.number;
        let Some(at) = place(word) else {
            return self.flag(line, word, readers);
        };
        if let Some((last, seen)) = self.numeric.replaced_on(at, word) {
            let affected = readers.and(seen);
            if !affected.is_empty() {
                self.push_number(line, Kind::OptionReplaced, word, last, affected);
            }
        }
        let value = &word[word.len().min(NAMES[at].len() + 1)..];
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        if !digits {
            // glibc also reads a number that stands after a blank.
            let behind = next.filter(|_| value.is_empty());
            let subject = behind
                .and_then(|next| spanning(whole, word, next))
                .unwrap_or(word);
            return self.push(line, Kind::InvalidOptionValue, subject, readers);
        }
        let number = value.iter().fold(0_u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        if !self.traits.fine[at].contains(&number) {
            self.bounds(line, word, at, number, readers);
        }
    }

    fn bounds(&mut self, line: usize, word: &'a [u8], at: usize, number: u64, readers: Set) {
        let of = |reader: &Reader| -> Option<Number> {
            let options = &reader.options;
            [options.ndots, options.timeout, options.attempts][at]
        };
        let above = |reader: &Reader| of(reader).is_some_and(|n| number > u64::from(n.most));
        let above = Set::of(self.readers, above).and(readers);
        if !above.is_empty() {
            self.push(line, Kind::OptionAboveLimit, word, above);
        }
        let below = |reader: &Reader| {
            let harmful = |n: &Number| matches!(n.below, Below::AsksNobody | Below::EndsProgram);
            of(reader).is_some_and(|n| number < u64::from(n.least) && harmful(&n))
        };
        // If a reader wraps a number around, the result may be any number.
        let wraps = |reader: &Reader| {
            let taken = one_option(word, reader);
            [taken.timeout, taken.attempts]
                .iter()
                .any(|value| value.harm.is_some())
        };
        let huge = number > i32::MAX as u64;
        let below = Set::of(self.readers, |r| below(r) || (huge && wraps(r))).and(readers);
        if !below.is_empty() {
            // All readers are named: one may work with this value while another ends.
            self.push(line, Kind::OptionBelowLimit, word, readers);
        }
    }

    /// Checks an option without a value.
    fn flag(&mut self, line: usize, word: &'a [u8], readers: Set) {
        let (mut exact, mut prefix) = (Set::default(), Set::default());
        if word
            .first()
            .is_some_and(|b| self.traits.flag_starts[usize::from(*b)])
        {
            for (flag, word_set, prefix_set) in &self.traits.flags {
                if flag.as_bytes().first() != word.first() {
                    continue;
                }
                if word == flag.as_bytes() {
                    exact = exact.or(*word_set);
                } else if word.starts_with(flag.as_bytes()) {
                    prefix = prefix.or(*prefix_set);
                }
            }
        }
        let (exact, prefix) = (exact.and(readers), prefix.and(readers));
        if exact.is_empty() && !prefix.is_empty() {
            self.push(line, Kind::OptionPrefix, word, prefix);
        } else if exact.is_empty() {
            self.push(line, Kind::UnknownOption, word, readers);
        }
    }

    pub(crate) fn sortlist(&mut self, line: Line<'a>, look: Look) {
        let glibc = self.traits.glibc;
        if glibc.is_empty() {
            return;
        }
        self.comment_in_value(line, look);
        if look.has(Look::SPLITS) && line.hangs_glibc() {
            self.push(line.number, Kind::SortlistHang, b"", glibc);
        }
        for (at, word) in line.fields().enumerate() {
            if at >= SORTLIST_WORDS || !is_pair(word) {
                self.push(line.number, Kind::InvalidSortlist, word, glibc);
            }
        }
    }
}

/// Whether the word is `address` or `address/netmask`.
fn is_pair(word: &[u8]) -> bool {
    let mut pair = word.split(|&b| b == b'/' || b == b'&');
    let valid = |part: Option<&[u8]>| part.is_none_or(|part| glibc_ipv4(part).is_some());
    valid(pair.next()) && valid(pair.next()) && pair.next().is_none()
}

/// The bytes of a line from one word to the end of the next one.
fn spanning<'a>(line: Line<'a>, word: &[u8], next: &[u8]) -> Option<&'a [u8]> {
    let place = |word: &[u8]| (word.as_ptr() as usize).checked_sub(line.raw.as_ptr() as usize);
    line.raw.get(place(word)?..place(next)? + next.len())
}

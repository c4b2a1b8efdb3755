//! Findings about `options` and `sortlist` lines.

use crate::document::{Document, Line, Look, glibc_ipv4, split_option};
use crate::lint::diagnostic::DiagnosticKind as Kind;
use crate::lint::effects::SORTLIST_WORDS;
use crate::lint::findings::MOST_OF_A_KIND;
use crate::lint::groups::Set;
use crate::lint::rules::numeric::{NAMES, place};
use crate::lint::rules::pass::Lint;
use crate::readers::{Reader, Taken, Value, may_be_numeric, one_option};

impl<'a> Lint<'a> {
    pub(crate) fn options(&mut self, line: Line<'a>, look: Look) {
        self.comment_in_value(line, look);
        let commas = look.has(Look::COMMA);
        let seen = self.who_sees(line, look);
        let readers = self.traits.options.and(seen);
        self.exact_left = MOST_OF_A_KIND;
        let mut words = line.fields().peekable();
        while let Some(word) = words.next() {
            if commas && word.contains(&b',') {
                self.push_if_any(line.number, Kind::Comma, word, seen);
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
            // A reader that cannot read the last value keeps the one before it.
            let counts =
                |reader: usize| last != line && self.outcomes[reader].numbers[at].line == line;
            let counts = Set::places(self.outcomes.len(), counts);
            let affected = readers.and(seen).without(counts);
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
            if readers.is_empty() {
                return;
            }
            return match self.counts_for(at, line, subject, readers) {
                Some(affected) => self.push(line, Kind::InvalidOptionValue, subject, affected),
                None => self.found.count(Kind::InvalidOptionValue),
            };
        }
        let number = value.iter().fold(0_u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        if !self.traits.fine[at].contains(&number) {
            let of = |reader: &Reader| {
                let options = &reader.options;
                [options.ndots, options.timeout, options.attempts][at]
            };
            let above = |reader: &Reader| of(reader).is_some_and(|n| number > u64::from(n.most));
            let above = Set::of(self.readers, above).and(readers);
            match self.counts_for(at, line, word, above) {
                Some(affected) => self.push_if_any(line, Kind::OptionAboveLimit, word, affected),
                None => self.found.count(Kind::OptionAboveLimit),
            }
        }
    }

    /// Those of these readers for which the value of this word counts at the end of the file, or
    /// which keep the default because of it. `None` if too many words of the line were asked about.
    fn counts_for(&mut self, at: usize, line: usize, word: &[u8], readers: Set) -> Option<Set> {
        let used = |reader: usize| self.outcomes[reader].numbers[at];
        let of_line = |reader| matches!(used(reader).line, 0) || used(reader).line == line;
        let readers = readers.and(Set::places(self.outcomes.len(), of_line));
        if readers.is_empty() {
            return Some(readers);
        }
        self.exact_left = self.exact_left.checked_sub(1)?;
        let exact = |reader: usize| {
            let taken = numbers(&one_option(word, &self.readers[reader]))[at];
            match taken.line {
                0 => used(reader).line == 0,
                _ => (used(reader).line, used(reader).number) == (line, taken.number),
            }
        };
        let exact = |reader| readers.has(reader) && exact(reader);
        Some(Set::places(self.outcomes.len(), exact))
    }

    /// Finds the values with which some reader asks nobody, or ends.
    pub(crate) fn harmful(&mut self, document: &'a Document) {
        let each = self.outcomes.iter().zip(self.readers);
        let harms = each.flat_map(|(outcome, reader)| {
            let values = outcome.numbers.into_iter().enumerate();
            let harmful = values.filter(|(_, value)| value.harm.is_some());
            harmful.map(move |(at, value)| (value.line, at, value.number, reader))
        });
        let mut harms: Vec<_> = harms.collect();
        harms.sort_by_key(|(line, at, ..)| (*line, *at));
        harms.dedup_by_key(|(line, at, ..)| (*line, *at));
        for (line, at, number, reader) in harms {
            let words = document.line(line).map(|line| line.fields());
            let is_it = |word: &&[u8]| {
                let taken = numbers(&one_option(word, reader))[at];
                taken.harm.is_some() && taken.number == number
            };
            let Some(word) = words.into_iter().flatten().find(is_it) else {
                continue;
            };
            let digits = |word: &[u8]| word[NAMES[at].len() + 1..].iter().all(u8::is_ascii_digit);
            if place(word) == Some(at) && !digits(word) {
                continue; // This is told already, as a value that is not a number.
            }
            self.exact_left = 1;
            // All readers are named: one may work with this value while another ends.
            let affected = self.counts_for(at, line, word, self.traits.options);
            let affected = affected.unwrap_or(self.traits.options);
            self.push(line, Kind::OptionBelowLimit, word, affected);
        }
    }

    /// Checks an option without a value.
    fn flag(&mut self, line: usize, word: &'a [u8], readers: Set) {
        let (mut exact, mut prefix) = (Set::default(), Set::default());
        if word
            .first()
            .is_some_and(|b| word.len() >= self.traits.shortest_flag[usize::from(*b)])
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
        // c-ares has names of its own for two options with a number.
        let readers = match may_be_numeric(word) {
            true => readers.without(Set::of(self.readers, |reader| takes_number(word, reader))),
            false => readers,
        };
        let (exact, prefix) = (exact.and(readers), prefix.and(readers));
        if exact.is_empty() && !prefix.is_empty() {
            self.push(line, Kind::OptionPrefix, word, prefix);
        } else if exact.is_empty() {
            self.push_if_any(line, Kind::UnknownOption, word, readers);
        }
    }

    pub(crate) fn sortlist(&mut self, line: Line<'a>, look: Look) {
        let glibc = self.traits.glibc.and(self.who_sees(line, look));
        if glibc.is_empty() {
            return;
        }
        self.comment_in_value(line, look);
        if look.has(Look::SPLITS.or(Look::BEYOND_ASCII)) && line.hangs_glibc() {
            self.push(line.number, Kind::SortlistHang, b"", glibc);
        }
        for (at, word) in line.fields().enumerate() {
            if at >= SORTLIST_WORDS || !is_pair(word) {
                self.push(line.number, Kind::InvalidSortlist, word, glibc);
            }
        }
    }
}

fn numbers(taken: &Taken) -> [Value; 3] {
    [taken.ndots, taken.timeout, taken.attempts]
}

/// Whether the reader knows the word as an option with a number.
fn takes_number(word: &[u8], reader: &Reader) -> bool {
    let (name, _) = split_option(word);
    let options = &reader.options;
    let mut names = options.timeout_names.iter().chain(options.attempts_names);
    names.any(|known| known.as_bytes() == name)
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

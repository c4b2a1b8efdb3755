//! The state while a file is read, line by line.

use std::collections::HashSet;

use crate::document::{Look, Nameserver};
use crate::readers::context::Context;
use crate::readers::effective::Server;
use crate::readers::form::{Blanks, LineEnds, Nul, Numbers, Reader, TooLong};
use crate::readers::lines::{self, Entry, Keyword, Row};
use crate::readers::reading::once::Once;
use crate::readers::{options, search};

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
    pub(super) reader: &'r Reader,
    pub(super) context: &'r Context,
    pub(super) depth: Depth,
    pub(super) servers: Vec<Server>,
    pub(super) unasked: Vec<Server>,
    /// The servers so far, for readers that leave out a server that is listed twice.
    pub(super) listed: HashSet<(Nameserver, u16)>,
    pub(super) lists: search::Lists<'a>,
    pub(super) options: options::Taken,
    pub(super) unknown: bool,
    /// The line after which nothing more is read.
    pub(super) ended: Option<usize>,
    pub(super) refused: Option<usize>,
    pub(super) lost: Option<usize>,
    pub(super) eat_next: bool,
    /// The directives so far, if they are wanted.
    pub(super) entries: Vec<Entry<'a>>,
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

    /// Reads one line of the file. `once` is what other readers have found in it.
    pub(crate) fn line(&mut self, row: Row<'a>, once: &Once<'a>) {
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
            // At the end of the file there is nothing more to eat, and the line counts.
            if rules.nul == Nul::EatsNextLine && row.is_fed {
                self.eat_next = true;
                return;
            }
            text = text.split(|&b| b == 0).next().unwrap_or_default();
        }
        if rules.ends == LineEnds::FeedOrReturn && row.look.has(Look::RETURN) {
            for text in lines::pieces(text, rules.ends) {
                self.piece(Row { text, ..row }, once);
            }
        } else {
            self.piece(Row { text, ..row }, once);
        }
    }

    /// Whether the reader cannot take a line of this length.
    pub(crate) fn is_too_long(&self, row: Row<'_>) -> bool {
        let longest = self.reader.lines.longest;
        longest.is_some_and(|(longest, _)| row.text.len() > longest)
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

    /// Whether a directive counts only if its value is visible ASCII.
    pub(crate) fn wants_visible(&self) -> bool {
        self.reader.lines.visible
    }

    /// Whether any directive without a value counts.
    pub(crate) fn is_strict(&self) -> bool {
        self.reader.lines.strict
    }

    fn piece(&mut self, row: Row<'a>, once: &Once<'a>) {
        let entry = lines::entry(row.number, row.text, &self.reader.lines);
        if let Some(entry) = entry {
            self.entry(entry, row.look, once);
        }
    }

    /// Takes one directive of a line with these bytes.
    pub(crate) fn entry(&mut self, entry: Entry<'a>, look: Look, once: &Once<'a>) {
        let reader = self.reader;
        if self.depth == Depth::Traced && self.ended.is_none() && entry.keyword != Keyword::Unknown
        {
            self.entries.push(entry);
        }
        let is_sound = || match &once.numeric {
            Some(words) => words.iter().all(|word| lines::has_sound_number(word)),
            None => lines::is_sound(&entry, &reader.lines),
        };
        if reader.lines.strict && self.ended.is_none() && !is_sound() {
            self.refused = Some(entry.line);
            self.ended = self.refused;
        }
        match entry.keyword {
            _ if self.ended.is_some() => {}
            Keyword::Nameserver => self.nameserver(entry, once),
            Keyword::Search | Keyword::Domain => {
                self.lists.line(entry, &reader.search, &reader.lines);
            }
            Keyword::Options => self.options(entry, look, once),
            Keyword::Sortlist | Keyword::Unknown => {
                self.unknown |= reader.lines.reports_unknown;
            }
        }
    }

    fn options(&mut self, entry: Entry<'a>, look: Look, once: &Once<'a>) {
        let (rules, lines) = (&self.reader.options, &self.reader.lines);
        if let Some(words) = &once.numeric {
            self.options.listed(entry.line, entry.value, words, rules);
        } else if self.depth != Depth::Outcome {
            self.options.line(entry.line, entry.value, rules, lines);
        } else if look.has(Look::COLON) || rules.numbers == Numbers::Digits {
            // Only the last kind of reader takes a number from a word without a colon.
            self.options.numbers(entry.line, entry.value, rules, lines);
        }
    }
}

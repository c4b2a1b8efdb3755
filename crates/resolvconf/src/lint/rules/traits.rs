//! Which readers of a list do what. It is worked out once for each document.

use std::ops::RangeInclusive;

use crate::lint::groups::Set;
use crate::readers::{
    AddressForm, Below, Blanks, Comments, Context, Lines, Matching, Nul, Number, Reader, Root,
    SearchRule, ServerWords, Word, is_server,
};

/// Sets of readers that have a property in common.
pub(crate) struct Traits {
    pub(crate) all: Set,
    /// The different rules for lines, each with its readers.
    pub(crate) line_rules: Vec<(Lines, Set)>,
    pub(crate) no_indent: Set,
    /// They take a value only if it is visible ASCII.
    pub(crate) visible: Set,
    pub(crate) reports_unknown: Set,
    /// A carriage return is part of a word.
    pub(crate) return_is_a_byte: Set,
    /// Vertical tab and form feed do not separate words.
    pub(crate) few_blanks: Set,
    /// A NUL makes them lose the next line, too.
    pub(crate) eats_next: Set,
    /// Blanks beyond ASCII do not separate words.
    pub(crate) ascii_blanks: Set,
    pub(crate) empty_clears: Set,
    /// A mark inside a line does not start a comment.
    pub(crate) marks_are_words: Set,
    pub(crate) first_word_only: Set,
    pub(crate) last_search: Set,
    pub(crate) domain_takes_one: Set,
    pub(crate) searches: Set,
    /// They skip one dot before a search domain.
    pub(crate) skips_dot: Set,
    pub(crate) glibc: Set,
    /// They take a link-local address with the name of a link.
    pub(crate) takes_links: Set,
    /// They take an address that is not link-local with the name of a link, or with its number.
    pub(crate) takes_zones: Set,
    pub(crate) takes_numbers: Set,
    /// They know at least one option.
    pub(crate) options: Set,
    /// The shortest line that some reader cannot take.
    pub(crate) shortest_line: usize,
    /// The fewest search domains that some reader uses.
    pub(crate) fewest_domains: usize,
    pub(crate) fewest_search_bytes: usize,
    /// The values of each numeric option that all readers take as they are.
    pub(crate) fine: [RangeInclusive<u64>; 3],
    /// Each flag that some reader knows, with two sets: the readers that take the word itself, and
    /// the readers that take every word that begins with it.
    pub(crate) flags: Vec<(&'static str, Set, Set)>,
    /// The length of the shortest flag that begins with each byte.
    pub(crate) shortest_flag: [usize; 256],
}

impl Traits {
    pub(crate) fn of(readers: &[Reader]) -> Self {
        let set = |holds: fn(&Reader) -> bool| Set::of(readers, holds);
        let fewest = |most: fn(&Reader) -> Option<usize>| {
            readers.iter().filter_map(most).min().unwrap_or(usize::MAX)
        };
        let flags = flags(readers);
        let mut shortest_flag = [usize::MAX; 256];
        for (flag, ..) in &flags {
            let shortest = &mut shortest_flag[usize::from(flag.as_bytes()[0])];
            *shortest = flag.len().min(*shortest);
        }
        Self {
            all: set(|_| true),
            line_rules: line_rules(readers),
            no_indent: set(|r| !r.lines.indent),
            visible: set(|r| r.lines.visible),
            reports_unknown: set(|r| r.lines.reports_unknown),
            return_is_a_byte: set(|r| r.lines.blanks == Blanks::SpaceTab),
            few_blanks: set(|r| {
                matches!(r.lines.blanks, Blanks::SpaceTab | Blanks::SpaceTabReturn)
            }),
            eats_next: set(|r| r.lines.nul == Nul::EatsNextLine),
            ascii_blanks: set(|r| r.lines.blanks != Blanks::Unicode),
            empty_clears: set(|r| r.search.empty_clears && r.lines.bare),
            marks_are_words: set(|r| r.lines.comments == Comments::FirstColumn),
            first_word_only: set(|r| r.servers.words == ServerWords::First),
            last_search: set(|r| r.search.rule == SearchRule::Last),
            domain_takes_one: set(|r| !r.search.domain_takes_all),
            skips_dot: set(|r| r.search.root == Root::InPlace),
            searches: set(|r| r.search.rule != SearchRule::Never),
            glibc: set(|r| r.servers.form == AddressForm::Glibc),
            takes_links: takes(readers, b"fe80::1%eth0"),
            takes_zones: takes(readers, b"2001:db8::1%eth0"),
            takes_numbers: takes(readers, b"2001:db8::1%2"),
            options: set(|r| r.options.ndots.is_some()),
            shortest_line: fewest(|r| r.lines.longest.map(|(longest, _)| longest)),
            fewest_domains: fewest(|r| r.search.most),
            fewest_search_bytes: fewest(|r| r.search.bytes),
            fine: [
                fine(readers, |r| r.options.ndots),
                fine(readers, |r| r.options.timeout),
                fine(readers, |r| r.options.attempts),
            ],
            flags,
            shortest_flag,
        }
    }
}

fn line_rules(readers: &[Reader]) -> Vec<(Lines, Set)> {
    let mut all: Vec<(Lines, Set)> = Vec::new();
    for rules in readers.iter().map(|reader| reader.lines) {
        if all.iter().all(|(known, _)| *known != rules) {
            all.push((rules, Set::of(readers, |reader| reader.lines == rules)));
        }
    }
    all
}

/// The readers that take this word for a server.
fn takes(readers: &[Reader], word: &[u8]) -> Set {
    let (word, context) = (Word::of(word), Context::default());
    Set::of(readers, |r| is_server(&word, r.servers.form, &context))
}

/// The values that no reader lowers, and that harm no reader.
fn fine(readers: &[Reader], number: fn(&Reader) -> Option<Number>) -> RangeInclusive<u64> {
    let numbers = || readers.iter().filter_map(number);
    let harmful = |n: &Number| {
        matches!(
            n.below,
            Below::AsksNobody | Below::WaitsForNone | Below::EndsProgram
        )
    };
    let least = numbers().filter(harmful).map(|n| n.least).max();
    let most = numbers().map(|n| n.most).min();
    let most = u64::from(most.unwrap_or(u32::MAX)).min(i32::MAX as u64);
    u64::from(least.unwrap_or(0))..=most
}

fn flags(readers: &[Reader]) -> Vec<(&'static str, Set, Set)> {
    let mut flags: Vec<(&'static str, Set, Set)> = Vec::new();
    for flag in readers.iter().flat_map(|reader| reader.options.flags) {
        if flags.iter().all(|(known, ..)| known != flag) {
            let word = Set::of(readers, |r| r.options.flags.contains(flag));
            let prefix = Set::of(readers, |r| {
                r.options.matching == Matching::Prefix && r.options.flags.contains(flag)
            });
            flags.push((flag, word, prefix));
        }
    }
    flags
}

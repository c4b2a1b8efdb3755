//! The lines of a file as a reader sees them: which directive, and its value.

use crate::document::{self, Document};
use crate::readers::reader::{Blanks, Comments, LineEnds, Lines, Nul, Reader, TooLong};

/// A directive that readers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Nameserver,
    Search,
    Domain,
    Options,
    Sortlist,
    /// A line with another first word.
    Unknown,
}

/// A line with a directive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Its number, from 1.
    pub(crate) line: usize,
    pub(crate) keyword: Keyword,
    /// What follows the directive.
    pub(crate) value: &'a [u8],
}

/// Whether the reader goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Go,
    Stop,
}

/// Calls `take` with each line that the reader sees. Gives the line with which it loses the file.
pub(crate) fn each<'a>(
    document: &'a Document,
    rules: &Lines,
    mut take: impl FnMut(Entry<'a>) -> Next,
) -> Option<usize> {
    let mut eat_next = false;
    for line in document.lines() {
        if std::mem::take(&mut eat_next) {
            continue;
        }
        let text = line.raw.strip_suffix(b"\n").unwrap_or(line.raw);
        match rules.longest {
            Some((longest, TooLong::LosesFile)) if text.len() > longest => {
                return Some(line.number);
            }
            Some((longest, TooLong::SkipsLine)) if text.len() > longest => continue,
            _ => {}
        }
        // Most lines hold no NUL, and only a look at every byte tells.
        let nul = match rules.nul {
            Nul::Byte => None,
            _ => text.iter().position(|&b| b == 0),
        };
        let text = match (nul, rules.nul) {
            (Some(_), Nul::EatsNextLine) => {
                eat_next = true;
                continue;
            }
            (Some(at), _) => &text[..at],
            (None, _) => text,
        };
        for piece in pieces(text, rules.ends) {
            let entry = entry(line.number, piece, rules);
            if entry.is_some_and(|entry| take(entry) == Next::Stop) {
                return None;
            }
        }
    }
    None
}

fn pieces(text: &[u8], ends: LineEnds) -> impl Iterator<Item = &[u8]> {
    let (splits, whole) = match ends {
        LineEnds::FeedOrReturn => (Some(text.split(|&b| b == b'\r')), None),
        LineEnds::Feed => (None, Some(text)),
    };
    splits.into_iter().flatten().chain(whole)
}

fn entry<'a>(line: usize, text: &'a [u8], rules: &Lines) -> Option<Entry<'a>> {
    let text = match rules.comments {
        Comments::Anywhere => text.split(|b| is_mark(*b)).next().unwrap_or_default(),
        _ if text.first().copied().is_some_and(is_mark) => return None,
        _ => text,
    };
    let text = match rules.indent {
        true => trim(text, rules.blanks),
        false => text,
    };
    let (keyword, name) = keyword(text)?;
    let unknown = Some(Entry {
        line,
        keyword: Keyword::Unknown,
        value: text,
    });
    let Some(value) = text.get(name..) else {
        return unknown;
    };
    let follows = value.is_empty() || blank_len(value, rules.blanks) > 0;
    if keyword == Keyword::Unknown || !follows {
        return unknown;
    }
    if value.is_empty() && !rules.bare {
        return None;
    }
    let value = trim(value, rules.blanks);
    Some(Entry {
        line,
        keyword,
        value,
    })
}

/// The directive at the start, and its length; `None` for an empty line.
fn keyword(text: &[u8]) -> Option<(Keyword, usize)> {
    let starts = |name: &[u8], keyword| text.starts_with(name).then_some((keyword, name.len()));
    let known = match text.first()? {
        b'n' => starts(b"nameserver", Keyword::Nameserver),
        b's' => {
            starts(b"search", Keyword::Search).or_else(|| starts(b"sortlist", Keyword::Sortlist))
        }
        b'd' => starts(b"domain", Keyword::Domain),
        b'o' => starts(b"options", Keyword::Options),
        _ => None,
    };
    Some(known.unwrap_or((Keyword::Unknown, 0)))
}

/// Whether the reader sees a directive in a line. What lines before it do is not looked at.
pub(crate) fn sees(reader: &Reader, raw: &[u8]) -> bool {
    let rules = &reader.lines;
    let text = raw.strip_suffix(b"\n").unwrap_or(raw);
    let too_long = rules
        .longest
        .is_some_and(|(longest, _)| text.len() > longest);
    let lost = rules.nul == Nul::EatsNextLine && text.contains(&0);
    let mut pieces = pieces(text, rules.ends);
    let known = |piece| entry(1, piece, rules).is_some_and(|e| e.keyword != Keyword::Unknown);
    !too_long && !lost && pieces.any(known)
}

/// The words of a value.
pub(crate) fn words<'a>(
    value: &'a [u8],
    rules: &Lines,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let blanks = rules.blanks;
    let ends_at_mark = rules.comments == Comments::Words;
    let mut rest = value;
    let next = move || {
        rest = trim(rest, blanks);
        let mut end = 0;
        while end < rest.len() && blank_len(&rest[end..], blanks) == 0 {
            end += 1;
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    };
    std::iter::from_fn(next).take_while(move |word| !(ends_at_mark && is_mark(word[0])))
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'#' | b';')
}

fn trim(mut text: &[u8], blanks: Blanks) -> &[u8] {
    loop {
        match blank_len(text, blanks) {
            0 => return text,
            length => text = &text[length..],
        }
    }
}

/// The length of the blank at the start; 0 when there is none.
fn blank_len(text: &[u8], blanks: Blanks) -> usize {
    let Some(&byte) = text.first() else { return 0 };
    match (byte, blanks) {
        (b' ' | b'\t', _) => 1,
        (0x21..=0x7f, _) | (_, Blanks::SpaceTab) => 0,
        (b'\r', _) => 1,
        (b'\n' | b'\x0b' | b'\x0c', Blanks::C | Blanks::Unicode) => 1,
        (_, Blanks::Unicode) => document::blank_len(text),
        _ => 0,
    }
}

//! The lines of a file as one reader sees them: the directive and its value.

use crate::document::Look;
use crate::readers::form::{Comments, LineEnds, Lines, Nul, Reader, ServerWords};
use crate::readers::words::{ends_word, is_mark, trim, trim_end, words};

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
    /// The text after the directive.
    pub(crate) value: &'a [u8],
}

/// One line of the file, and the odd bytes in it. These are the same for all readers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) number: usize,
    /// The line without the line feed.
    pub(crate) text: &'a [u8],
    pub(crate) look: Look,
    /// Whether a line feed ends it. Only the last line of a file may have none.
    pub(crate) is_fed: bool,
}

impl<'a> Row<'a> {
    pub(crate) fn of(number: usize, raw: &'a [u8]) -> Self {
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let look = Look::of(text);
        Self {
            number,
            text,
            look,
            is_fed: text.len() < raw.len(),
        }
    }
}

/// The lines that a reader sees in one line of the file.
pub(crate) fn pieces(text: &[u8], ends: LineEnds) -> impl Iterator<Item = &[u8]> {
    let (splits, whole) = match ends {
        LineEnds::FeedOrReturn => (Some(text.split(|&b| b == b'\r')), None),
        LineEnds::Feed => (None, Some(text)),
    };
    splits.into_iter().flatten().chain(whole)
}

/// What a reader sees in a line; `None` if the line has no meaning for it.
pub(crate) fn entry<'a>(line: usize, text: &'a [u8], rules: &Lines) -> Option<Entry<'a>> {
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
    let follows = ends_word(value, rules.blanks);
    if keyword == Keyword::Unknown || !follows {
        return unknown;
    }
    if value.is_empty() && !rules.bare {
        return None;
    }
    let value = trim(value, rules.blanks);
    if rules.visible && !is_visible(value) {
        return None;
    }
    Some(Entry {
        line,
        keyword,
        value,
    })
}

/// Whether a value is visible ASCII and blanks, except for white space after it.
pub(crate) fn is_visible(value: &[u8]) -> bool {
    let visible = |byte: &u8| matches!(byte, b' '..=b'~');
    trim_end(value).iter().all(visible)
}

/// Whether a strict reader accepts the value of this directive.
pub(crate) fn is_sound(entry: &Entry<'_>, rules: &Lines) -> bool {
    let mut found = words(entry.value, rules);
    let first = found.next();
    match entry.keyword {
        Keyword::Nameserver | Keyword::Domain => {
            // A return behind the word is one thing too many.
            let behind = first.and_then(|word| entry.value.get(word.len()));
            first.is_some() && found.next().is_none() && behind != Some(&b'\r')
        }
        Keyword::Search => first.is_some(),
        Keyword::Options => words(entry.value, rules).all(has_sound_number),
        Keyword::Sortlist | Keyword::Unknown => true,
    }
}

/// Whether the word is not a numeric option, or has a number that fits 32 bits, or none.
pub(crate) fn has_sound_number(word: &[u8]) -> bool {
    let names: [&[u8]; 3] = [b"ndots:", b"timeout:", b"attempts:"];
    let Some(value) = names.iter().find_map(|name| word.strip_prefix(*name)) else {
        return true;
    };
    let number = std::str::from_utf8(value).unwrap_or("-");
    number.is_empty() || number.parse::<u32>().is_ok()
}

/// The directive of a line without odd bytes that begins in the first column. All readers see such
/// a line in the same way. `None` if the line is not so plain.
pub(crate) fn plain_entry(line: usize, text: &[u8]) -> Option<Entry<'_>> {
    let (keyword, name) = keyword(text)?;
    let value = text.get(name..).filter(|_| keyword != Keyword::Unknown)?;
    let blanks = value.iter().take_while(|b| matches!(b, b' ' | b'\t'));
    let blanks = blanks.count();
    (blanks > 0 || value.is_empty()).then(|| Entry {
        line,
        keyword,
        value: &value[blanks..],
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

/// Whether a reader with these rules sees one of these directives in a line with these bytes. The
/// effect of earlier lines is not considered.
pub(crate) fn sees(rules: &Lines, raw: &[u8], look: Look, wanted: &[Keyword]) -> bool {
    entries(rules, raw, look).any(|entry| wanted.contains(&entry.keyword))
}

/// Whether the reader takes this word of a `nameserver` line for a server.
pub(crate) fn reads(reader: &Reader, raw: &[u8], look: Look, word: &[u8]) -> bool {
    let most = match reader.servers.words {
        ServerWords::First => 1,
        _ => usize::MAX,
    };
    entries(&reader.lines, raw, look)
        .filter(|entry| entry.keyword == Keyword::Nameserver)
        .any(|entry| {
            words(entry.value, &reader.lines)
                .take(most)
                .any(|w| w == word)
        })
}

/// What a reader sees in a line that stands alone.
fn entries<'a, 'r>(
    rules: &'r Lines,
    raw: &'a [u8],
    look: Look,
) -> impl Iterator<Item = Entry<'a>> + use<'a, 'r> {
    let text = raw.strip_suffix(b"\n").unwrap_or(raw);
    let too_long = rules
        .longest
        .is_some_and(|(longest, _)| text.len() > longest);
    let text = match rules.nul {
        _ if too_long => b"",
        Nul::EatsNextLine if look.has(Look::NUL) && text.len() < raw.len() => b"",
        Nul::EatsNextLine | Nul::EndsLine if look.has(Look::NUL) => {
            text.split(|b| *b == 0).next().unwrap_or_default()
        }
        _ => text,
    };
    let ends = match look.has(Look::RETURN) {
        true => rules.ends,
        false => LineEnds::Feed,
    };
    pieces(text, ends).filter_map(move |piece| entry(1, piece, rules))
}

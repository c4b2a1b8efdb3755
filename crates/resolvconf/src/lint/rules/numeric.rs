//! The numeric options of a document, before its words are looked at one by one.

use crate::document::{Found, Line};

/// Where each numeric option stands last and, with a value, first.
#[derive(Default)]
pub(crate) struct Numeric<'a> {
    last: [Option<Found<&'a [u8]>>; 3],
}

pub(crate) const NAMES: [&[u8]; 3] = [b"ndots", b"timeout", b"attempts"];

impl<'a> Numeric<'a> {
    /// Takes one `options` line.
    pub(crate) fn line(&mut self, line: Line<'a>) {
        for word in line.words() {
            // A bare word has no value, and replaces none.
            if let Some(at) = place(word).filter(|at| word.len() > NAMES[*at].len()) {
                self.last[at] = Some(Found {
                    line: line.number,
                    value: word,
                });
            }
        }
    }

    /// The line of the word that comes last, if it is not this very word.
    pub(crate) fn replaced_on(&self, at: usize, word: &[u8]) -> Option<usize> {
        let last = self.last[at].as_ref()?;
        // The same place in the text, not a word of the same letters.
        (word.contains(&b':') && !std::ptr::eq(last.value, word)).then_some(last.line)
    }
}

/// The place of a numeric option in [`NAMES`]; it has a colon or ends there.
pub(crate) fn place(option: &[u8]) -> Option<usize> {
    // The first byte alone tells most words.
    let at = match option.first()? {
        b'n' => 0,
        b't' => 1,
        b'a' => 2,
        _ => return None,
    };
    let after = option.strip_prefix(NAMES[at])?;
    after.first().is_none_or(|b| *b == b':').then_some(at)
}

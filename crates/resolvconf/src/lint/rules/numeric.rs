//! The numeric options of a document, before its words are looked at one by one.

use crate::document::{Found, Line};
use crate::lint::groups::Set;

/// A word, and the readers that see its line.
type Last<'a> = (Found<&'a [u8]>, Set);

/// Where each numeric option stands last and, with a value, first.
#[derive(Default)]
pub(crate) struct Numeric<'a> {
    last: [Option<Last<'a>>; 3],
}

pub(crate) const NAMES: [&[u8]; 3] = [b"ndots", b"timeout", b"attempts"];

impl<'a> Numeric<'a> {
    /// Takes one `options` line, which these readers see.
    pub(crate) fn line(&mut self, line: Line<'a>, seen: Set) {
        for word in line.words() {
            // A bare word has no value, and replaces none.
            if let Some(at) = place(word).filter(|at| word.len() > NAMES[*at].len()) {
                let found = Found {
                    line: line.number,
                    value: word,
                };
                self.last[at] = Some((found, seen));
            }
        }
    }

    /// The line of the word that comes last, if it is not this very word, and who sees that line.
    pub(crate) fn replaced_on(&self, at: usize, word: &[u8]) -> Option<(usize, Set)> {
        let (last, seen) = self.last[at].as_ref()?;
        // The same place in the text, not a word of the same letters.
        let other = word.contains(&b':') && !std::ptr::eq(last.value, word);
        other.then_some((last.line, *seen))
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

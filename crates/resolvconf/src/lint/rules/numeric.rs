//! The numeric options of a document, before its words are looked at one by one.

use crate::document::{Document, Found, split_option};

/// Where each numeric option stands last and, with a value, first.
pub(crate) struct Numeric<'a> {
    last: [Option<Found<&'a [u8]>>; 3],
}

pub(crate) const NAMES: [&[u8]; 3] = [b"ndots", b"timeout", b"attempts"];

impl<'a> Numeric<'a> {
    pub(crate) fn of(document: &'a Document) -> Self {
        let mut last = [const { None }; 3];
        for option in document.options() {
            // A bare word has no value, and replaces none.
            if let Some(at) = place(option.value).filter(|_| option.value.contains(&b':')) {
                last[at] = Some(option);
            }
        }
        Self { last }
    }

    /// The line of the word that comes last, if it is not this very word.
    pub(crate) fn replaced_on(&self, at: usize, word: &[u8]) -> Option<usize> {
        let last = self.last[at].as_ref()?;
        // The same place in the text, not a word of the same letters.
        (word.contains(&b':') && !std::ptr::eq(last.value, word)).then_some(last.line)
    }
}

/// The place of a numeric option in [`NAMES`].
pub(crate) fn place(option: &[u8]) -> Option<usize> {
    let (name, _) = split_option(option);
    NAMES.iter().position(|known| *known == name)
}

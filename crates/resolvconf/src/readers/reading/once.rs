//! What all readers find in a plain line. It is worked out once for all of them.

use std::cell::OnceCell;

use crate::readers::servers::Word;

/// What all readers find in a plain line. Empty for a line that each reads in its own way.
#[derive(Debug, Default)]
pub(crate) struct Once<'a> {
    /// The first word, when some reader has asked about it.
    first: OnceCell<Word<'a>>,
    /// The words that may be options with a number.
    pub(crate) numeric: Option<Vec<&'a [u8]>>,
}

impl<'a> Once<'a> {
    /// What the word is as an address. The first word that is asked about is kept.
    pub(super) fn word(&self, text: &'a [u8]) -> Word<'a> {
        let first = self.first.get_or_init(|| Word::of(text));
        match first.is_at(text) {
            true => *first,
            false => Word::of(text),
        }
    }
}

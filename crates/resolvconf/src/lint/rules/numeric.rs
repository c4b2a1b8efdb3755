//! Collects the numeric options of a document, before its words are checked one by one.

use crate::document::Found;
use crate::lint::groups::Set;

/// A word, and the readers that see its line.
type Last<'a> = (Found<&'a [u8]>, Set);

/// The last place of each numeric option, and the first place with a value.
#[derive(Default)]
pub(crate) struct Numeric<'a> {
    last: [Option<Last<'a>>; 3],
}

pub(crate) const NAMES: [&[u8]; 3] = [b"ndots", b"timeout", b"attempts"];

impl<'a> Numeric<'a> {
    /// Takes one word of a line that these readers see.
    pub(crate) fn take(&mut self, at: usize, line: usize, word: &'a [u8], seen: Set) {
        self.last[at] = Some((Found { line, value: word }, seen));
    }

    /// The line of the last word of this option, and the readers that see that line. `None` if this
    /// word is the last one.
    pub(crate) fn replaced_on(&self, at: usize, word: &[u8]) -> Option<(usize, Set)> {
        let (last, seen) = self.last[at].as_ref()?;
        // The places in the text are compared: another word may have the same letters.
        let other = word.contains(&b':') && !std::ptr::eq(last.value, word);
        other.then_some((last.line, *seen))
    }
}

/// The place of a numeric option in [`NAMES`]. After the name comes a colon or the end of the word.
pub(crate) fn place(option: &[u8]) -> Option<usize> {
    // For most words the first byte is enough to say no.
    let at = match option.first()? {
        b'n' => 0,
        b't' => 1,
        b'a' => 2,
        _ => return None,
    };
    let after = option.strip_prefix(NAMES[at])?;
    after.first().is_none_or(|b| *b == b':').then_some(at)
}

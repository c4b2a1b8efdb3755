//! One line of a file: which directive it holds, and its words.

use crate::document::words::{self, Fields};

/// Where a line starts, and its kind. It ends where the next line starts.
///
/// Both are packed into one word to save memory: a file may have as many lines as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(u64);

/// The bits of a [`Span`] that hold the kind.
const KIND_BITS: u32 = 4;

const KINDS: [LineKind; 9] = [
    LineKind::Blank,
    LineKind::Comment,
    LineKind::IndentedComment,
    LineKind::Nameserver,
    LineKind::Domain,
    LineKind::Search,
    LineKind::Options,
    LineKind::Sortlist,
    LineKind::Other,
];

impl Span {
    pub(crate) fn new(start: usize, kind: LineKind) -> Self {
        Self((start as u64) << KIND_BITS | kind as u64)
    }

    pub(crate) fn start(self) -> usize {
        (self.0 >> KIND_BITS) as usize
    }

    /// Without looking the kind up.
    pub(crate) fn is(self, kind: LineKind) -> bool {
        self.0 & ((1 << KIND_BITS) - 1) == kind as u64
    }

    pub(crate) fn kind(self) -> LineKind {
        let kind = self.0 as usize & ((1 << KIND_BITS) - 1);
        KINDS.get(kind).copied().unwrap_or(LineKind::Other)
    }
}

/// Which directive a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineKind {
    /// Nothing but white space.
    Blank,
    /// `#` or `;` in the first column.
    Comment,
    /// A comment mark after white space. No reader takes it for a directive. It is passed on.
    IndentedComment,
    /// `nameserver`.
    Nameserver,
    /// `domain`: the old name of a search list.
    Domain,
    /// `search`.
    Search,
    /// `options`.
    Options,
    /// `sortlist`.
    Sortlist,
    /// Any other first word; passed on as it is.
    Other,
}

impl LineKind {
    /// The directive; empty for a line with none or another one.
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Nameserver => b"nameserver",
            Self::Domain => b"domain",
            Self::Search => b"search",
            Self::Options => b"options",
            Self::Sortlist => b"sortlist",
            Self::Blank | Self::Comment | Self::IndentedComment | Self::Other => b"",
        }
    }
}

/// One line of a [`Document`](crate::Document).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// What it holds.
    pub kind: LineKind,
    /// Its bytes with the terminator and, on line 1, the byte order mark.
    pub raw: &'a [u8],
}

impl<'a> Line<'a> {
    /// The line without its terminator (`\n`, `\r\n` or none) and without a byte order mark.
    pub fn content(&self) -> &'a [u8] {
        words::content(self.raw, self.number == 1)
    }

    /// The words after the directive.
    pub fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.fields()
    }

    /// Whether glibc loops for ever at a byte of this sortlist.
    ///
    /// `res_init.c` stops at each byte that is white space or not ASCII, but it skips only blanks
    /// and tabs. So it never gets past other such bytes.
    pub(crate) fn hangs_glibc(&self) -> bool {
        let stops = |b: &u8| !b.is_ascii() || matches!(b, b'\x0b' | b'\x0c' | b'\r');
        let mut list = self.raw.split(|&b| b == b';' || b == 0);
        self.kind == LineKind::Sortlist && list.next().unwrap_or_default().iter().any(stops)
    }

    /// The first word; empty on a blank line.
    pub(crate) fn directive(&self) -> &'a [u8] {
        words::fields(self.content()).next().unwrap_or_default()
    }

    pub(crate) fn fields(&self) -> Fields<'a> {
        let content = self.content();
        // Most lines begin with a directive, whose length is known.
        let name = self.kind.name();
        if !name.is_empty() && content.starts_with(name) {
            return words::fields(&content[name.len()..]);
        }
        let mut fields = words::fields(content);
        fields.next();
        fields
    }
}

/// An option's name and the text after its first colon.
pub(crate) fn split_option(option: &[u8]) -> (&[u8], &[u8]) {
    match option.iter().position(|&b| b == b':') {
        Some(colon) => (&option[..colon], &option[colon + 1..]),
        None => (option, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_start_and_kind() {
        for kind in KINDS {
            for start in [0, 1, 15, 16, u32::MAX as usize] {
                let span = Span::new(start, kind);
                assert_eq!((span.start(), span.kind()), (start, kind));
                let same: Vec<_> = KINDS.into_iter().filter(|other| span.is(*other)).collect();
                assert_eq!(same, [kind]);
            }
        }
    }
}
